/// A file's bytes as a value: copying shares all pages, and a write copies only the pages that it touches.
///
/// Taking an image of a file of a few megabytes costs a copy of its page table, some hundred pointers.
struct PagedBytes: Sendable {
    static let pageBytes = 16 << 10

    private final class Page: @unchecked Sendable {
        // @unchecked: written only through `uniquePage`, which has made sure that nobody else holds the page.
        let bytes: UnsafeMutableRawBufferPointer

        init() {
            bytes = .allocate(byteCount: PagedBytes.pageBytes, alignment: 16)
            bytes.initializeMemory(as: UInt8.self, repeating: 0)
        }

        init(copying other: Page) {
            bytes = .allocate(byteCount: PagedBytes.pageBytes, alignment: 16)
            bytes.copyMemory(from: UnsafeRawBufferPointer(other.bytes))
        }

        deinit { bytes.deallocate() }
    }

    /// A missing page holds zeros. Pages past the length may hold anything but are never read before they are cleared.
    private var pages: [Page?] = []
    /// The file's length. Growing it adds zeros.
    private(set) var length: UInt64 = 0

    init() {}

    init(_ bytes: [UInt8]) {
        bytes.withUnsafeBytes { write($0, at: 0) }
    }

    /// Copies from `offset` on and returns how many bytes there were.
    func read(into target: UnsafeMutableRawBufferPointer, at offset: UInt64) -> Int {
        guard offset < length else { return 0 }
        let count = Int(min(UInt64(target.count), length - offset))
        Self.forEachPiece(offset: offset, count: count) { page, inPage, done, pieceCount in
            let piece = UnsafeMutableRawBufferPointer(rebasing: target[done..<done + pieceCount])
            if page < pages.count, let source = pages[page] {
                piece.copyMemory(from: UnsafeRawBufferPointer(rebasing: source.bytes[inPage..<inPage + pieceCount]))
            } else {
                piece.initializeMemory(as: UInt8.self, repeating: 0)
            }
        }
        return count
    }

    mutating func write(_ bytes: UnsafeRawBufferPointer, at offset: UInt64) {
        guard !bytes.isEmpty else { return }
        Self.forEachPiece(offset: offset, count: bytes.count) { page, inPage, done, pieceCount in
            let target = uniquePage(page)
            UnsafeMutableRawBufferPointer(rebasing: target.bytes[inPage..<inPage + pieceCount])
                .copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[done..<done + pieceCount]))
        }
        length = max(length, offset + UInt64(bytes.count))
    }

    /// Makes the range, cut at the length, read as zeros.
    mutating func clear(from offset: UInt64, to end: UInt64) {
        let end = min(end, length)
        guard offset < end else { return }
        Self.forEachPiece(offset: offset, count: Int(end - offset)) { page, inPage, _, pieceCount in
            guard page < pages.count, pages[page] != nil else { return }
            if pieceCount == Self.pageBytes {
                pages[page] = nil
            } else {
                let target = uniquePage(page)
                UnsafeMutableRawBufferPointer(rebasing: target.bytes[inPage..<inPage + pieceCount])
                    .initializeMemory(as: UInt8.self, repeating: 0)
            }
        }
    }

    /// Cuts the file, or grows it with zeros.
    mutating func setLength(_ newLength: UInt64) {
        clear(from: newLength, to: length)
        length = newLength
    }

    private mutating func uniquePage(_ index: Int) -> Page {
        while pages.count <= index { pages.append(nil) }
        if isKnownUniquelyReferenced(&pages[index]), let page = pages[index] { return page }
        let page = pages[index].map { Page(copying: $0) } ?? Page()
        pages[index] = page
        return page
    }

    /// Splits a range at page borders and calls `body` with each piece's page, offset in it, offset in the range and
    /// count.
    private static func forEachPiece(offset: UInt64, count: Int, _ body: (Int, Int, Int, Int) -> Void) {
        var done = 0
        while done < count {
            let position = Int(offset) + done
            let inPage = position % pageBytes
            let pieceCount = min(count - done, pageBytes - inPage)
            body(position / pageBytes, inPage, done, pieceCount)
            done += pieceCount
        }
    }
}
