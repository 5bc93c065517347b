internal import GRDB
internal import SystemPackage

extension StoreError {
    /// The case for whatever a piece of database work threw.
    init(_ error: any Error, path: FilePath) {
        switch error {
        case let error as StoreError: self = error
        case is CancellationError: self = .cancelled
        case let error as DatabaseError: self.init(sqlite: error, path: path)
        case let error as RowDecodingProblem:
            self = .corrupt(path: path, detail: "\(error.column) holds '\(error.value)'")
        default: self = .failed(path: path, detail: "\(error)")
        }
    }

    private init(sqlite error: DatabaseError, path: FilePath) {
        let detail = error.message ?? "SQLite error \(error.extendedResultCode.rawValue)"
        switch error.resultCode {
        case .SQLITE_CORRUPT, .SQLITE_NOTADB: self = .corrupt(path: path, detail: detail)
        case .SQLITE_READONLY: self = .readOnly(path: path)
        case .SQLITE_FULL: self = .full(path: path)
        case .SQLITE_BUSY, .SQLITE_LOCKED: self = .locked(path: path)
        case .SQLITE_CANTOPEN: self = .cannotOpen(path: path, reason: detail)
        case .SQLITE_PERM, .SQLITE_AUTH: self = .cannotOpen(path: path, reason: detail)
        case .SQLITE_INTERRUPT, .SQLITE_ABORT: self = .cancelled
        case .SQLITE_CONSTRAINT: self = .ruleBroken(detail: detail)
        default: self = .failed(path: path, detail: detail)
        }
    }
}

/// A stored word that this program does not know.
struct RowDecodingProblem: Error {
    var column: String
    var value: String
}
