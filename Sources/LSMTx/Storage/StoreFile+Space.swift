/// Giving space back to the file system while the store is open: the file's free tail is cut off, and free ranges
/// before it are punched.
///
/// Only what the allocator has free is touched: no superblock slot names it, nobody reads it, and it is not the log's,
/// whose extents stay the log's until they are released. Space is taken with the same lock held, so a range cannot be
/// taken while it is cut or punched; and whoever takes it later reserves it again, so that writing to it cannot run out
/// of space.
extension StoreFile {
    /// The most that one call of the system gives back: the file is locked against commits meanwhile.
    private static let stepBytes: UInt64 = 16 << 20
    /// Shorter holes are not worth the metadata.
    package static let smallestHoleBytes: UInt64 = 64 << 10

    /// Cuts the free tail off, in steps.
    ///
    /// - Parameter spare: How much of it is left, for what is written next.
    package func cutTail(leaving spare: UInt64 = 0) throws(StoreError) {
        while true {
            let isDone = try withSpaceHeld { punched throws(StoreError) -> Bool in
                let length = try device.length()
                let used = allocator.usedEnd
                let target = min(used + spare, length)
                guard length > target else { return true }
                let end = max(target, length - min(length, Self.stepBytes))
                // First forgotten, then cut: nobody finds free what is not there.
                allocator.cutTail(at: end)
                try device.truncate(to: end)
                punched.remove(FileRange(offset: end, length: length - end))
                return end == target
            }
            if isDone { return }
        }
    }

    /// Punches what is free of `ranges`.
    ///
    /// - Parameter limit: How many bytes at most.
    package func punch(_ ranges: FileRangeSet, limit: UInt64) throws(StoreError) {
        guard device.canPunch else { return }
        var left = limit
        for range in ranges.ranges where range.length >= Self.smallestHoleBytes {
            var offset = range.offset
            while offset < range.end, left > 0 {
                let piece = FileRange(offset: offset, length: min(range.end - offset, Self.stepBytes, left))
                try withSpaceHeld { punched throws(StoreError) in
                    let free = FileRangeSet([piece]).intersection(FileRangeSet(allocator.freeRanges))
                    for part in free.ranges where part.length >= Self.smallestHoleBytes {
                        try device.punch(part)
                        punched.insert(part)
                    }
                }
                offset = piece.end
                left -= piece.length
            }
        }
    }
}
