#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#elseif canImport(Darwin)
internal import Darwin
#endif

/// A folder of one test's own could not be made.
package struct TemporaryFolderError: Error {
    package let errorNumber: Int32
}

/// Calls `body` with the path of an empty folder, and removes the folder afterwards with all that is in it.
package func withTemporaryFolder<R>(_ body: (String) throws -> R) throws -> R {
    let folder = try makeTemporaryFolder()
    defer { removeTemporaryFolder(folder) }
    return try body(folder)
}

/// Makes an empty folder that the caller removes.
package func makeTemporaryFolder() throws(TemporaryFolderError) -> String {
    let base = getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp"
    var template = [UInt8]("\(base)/lsmtx-test-XXXXXX\0".utf8).map { CChar(bitPattern: $0) }
    guard mkdtemp(&template) != nil else { throw TemporaryFolderError(errorNumber: errno) }
    return String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
}

/// Removes a folder with all that is in it.
package func removeTemporaryFolder(_ path: String) {
    for entry in entries(of: path) {
        let child = "\(path)/\(entry)"
        // A folder cannot be unlinked, which tells the two apart without another look.
        if unlink(child) != 0 { removeTemporaryFolder(child) }
    }
    rmdir(path)
}

/// The names in a folder, sorted; none when it cannot be read.
package func entries(of path: String) -> [String] {
    guard let folder = opendir(path) else { return [] }
    defer { closedir(folder) }
    var names: [String] = []
    while let entry = readdir(folder) {
        let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
            String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
        }
        if name != ".", name != ".." { names.append(name) }
    }
    return names.sorted()
}
