public import SystemPackage

/// Questions about paths that their bytes answer: SystemPackage takes a path apart into components for them, and nearly
/// every path is one that needs nothing.
extension FilePath {
    /// The path without `.` and `..`, as `lexicallyNormalized()` gives it.
    public var normalized: FilePath { hasDots ? lexicallyNormalized() : self }

    /// True for `folder` and for what lies below it.
    ///
    /// By the text alone: `..` and links are not followed. An empty folder holds every path.
    public func isWithin(_ folder: FilePath) -> Bool {
        let slash = CInterop.PlatformChar(UInt8(ascii: "/"))
        return unsafe withPlatformString { path in
            unsafe folder.withPlatformString { folder in
                var count = 0
                while unsafe folder[count] != 0 {
                    guard unsafe path[count] == folder[count] else { return false }
                    count += 1
                }
                guard count > 0 else { return true }
                let next = unsafe path[count]
                return unsafe next == 0 || next == slash || folder[count - 1] == slash
            }
        }
    }

    /// True when a component is `.` or `..`.
    private var hasDots: Bool {
        let (dot, slash) = (
            CInterop.PlatformChar(UInt8(ascii: ".")), CInterop.PlatformChar(UInt8(ascii: "/"))
        )
        return unsafe withPlatformString { path in
            var begins = true
            var index = 0
            while case let byte = unsafe path[index], byte != 0 {
                if begins, byte == dot {
                    let second = unsafe path[index + 1]
                    if second == 0 || second == slash { return true }
                    if second == dot, case let third = unsafe path[index + 2], third == 0 || third == slash {
                        return true
                    }
                }
                begins = byte == slash
                index += 1
            }
            return false
        }
    }
}
