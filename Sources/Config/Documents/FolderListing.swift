internal import Glibc
internal import SystemPackage

/// Lists folders.
enum FolderListing {
    /// The names in a folder, sorted by their bytes, without `.` and `..`; names that are not UTF-8 are left out.
    static func names(in folder: FilePath) throws(Errno) -> [String] {
        guard let stream = unsafe opendir(folder.string) else { throw Errno(rawValue: errno) }
        defer { unsafe closedir(stream) }
        var names: [String] = []
        while let entry = unsafe readdir(stream) {
            let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                unsafe String(
                    validatingCString: UnsafeRawPointer(pointer).assumingMemoryBound(to: CChar.self))
            }
            if let name, name != ".", name != ".." { names.append(name) }
        }
        return names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    }
}
