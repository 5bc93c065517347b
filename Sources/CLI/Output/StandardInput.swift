internal import Glibc

/// What somebody pipes into a command.
enum StandardInput {
    /// As a shell's `$(…)` gives it: without the newlines at the end, each of which would press Enter once more.
    static func readText() throws -> String {
        String(try read().reversed().drop(while: \.isNewline).reversed())
    }

    /// Everything up to its end, at most 16 MiB, damaged UTF-8 replaced.
    static func read() throws -> String {
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 64 << 10)
        while bytes.count < 16 << 20 {
            let count = unsafe Glibc.read(0, &buffer, buffer.count)
            if count == 0 { break }
            if count < 0 {
                if errno == EINTR { continue }
                break
            }
            bytes += buffer[..<count]
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
