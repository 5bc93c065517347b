internal import Core

/// The names that a person may have meant by `name`: up to three that contain it, else the one spelt most like it.
package func nearest(to name: String, among names: [String]) -> [String] {
    guard !name.isEmpty else { return [] }
    let containing = names.filter { $0.lowercased().contains(name.lowercased()) }.sorted()
    guard containing.isEmpty else { return Array(containing.prefix(3)) }
    return didYouMean(name, among: names.sorted()).map { [$0] } ?? []
}
