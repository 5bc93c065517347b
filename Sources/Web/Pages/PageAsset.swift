/// A file that pages load, built into the binary.
public struct PageAsset: Sendable, Equatable {
    public var bytes: [UInt8]
    /// The value of `Content-Type`.
    public var mediaType: String
    /// The value of `ETag`, in quotes: it changes with the bytes.
    public var tag: String
}
