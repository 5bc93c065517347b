public import Core

extension FleetConfiguration {
    /// The fleet.toml that `init` writes: every key with its default and a comment.
    public static func defaultFile(name: String) -> String {
        var quoted = ""
        for scalar in name.unicodeScalars {
            switch scalar {
            case "\"": quoted += "\\\""
            case "\\": quoted += "\\\\"
            default:
                // TOML takes no raw control characters.
                if scalar.value < 0x20 || scalar.value == 0x7F {
                    let digits = String(scalar.value, radix: 16)
                    quoted += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
                } else {
                    quoted.unicodeScalars.append(scalar)
                }
            }
        }
        return StarterFile.fleet.replacing("{{name}}", with: quoted, maxReplacements: 1)
    }
}
