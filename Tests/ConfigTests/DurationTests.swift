import Core
import TestSupport
import Testing

@Suite struct DurationTests {
    @Test(
        arguments: [
            ("10m", 600_000), ("1h30m", 5_400_000), ("500ms", 500), ("24h", 86_400_000), ("1.5s", 1500),
            ("0", 0),
            ("2d", 172_800_000), ("1w", 604_800_000), (" 5s ", 5000), ("1m0.5s", 60_500), ("0s", 0),
        ] as [(String, Int64)])
    func isRead(_ text: String, _ milliseconds: Int64) {
        #expect(DurationText.parse(text) == .milliseconds(milliseconds))
        #expect(DurationText.parse(text, bareSeconds: true) == .milliseconds(milliseconds))
    }

    @Test(arguments: [
        "", " ", "m", "10", "1.5", "-5s", "5 s", "5S", "5x", "1m1h", "5s5s", "1e3s", "١s", "..s", "1.2.3s",
        "99999999w", "s5",
        "5ms3s", "0x10s", "infs", "nans",
    ])
    func isRefused(_ text: String) { #expect(DurationText.parse(text) == nil) }

    @Test func bareNumbersAreSecondsWhereTheClassicFilesHaveThemSo() {
        #expect(DurationText.parse("30", bareSeconds: true) == .seconds(30))
        #expect(DurationText.parse("0.25", bareSeconds: true) == .milliseconds(250))
        #expect(DurationText.parse("-1", bareSeconds: true) == nil)
    }

    @Test(arguments: ["10m", "1h30m", "500ms", "1d", "8d1h", "1s500ms", "0s"])
    func isPrintedAsItIsRead(_ text: String) {
        let duration = DurationText.parse(text)
        #expect(duration.map(DurationText.text) == text)
    }

    @Test func everyPrintedDurationIsReadBack() {
        var random = SeededGenerator(seed: 7)
        for _ in 0..<2000 {
            let duration = Duration.milliseconds(Int64.random(in: 0...900_000_000_000, using: &random))
            #expect(DurationText.parse(DurationText.text(duration)) == duration)
        }
    }

    @Test func sizesAreRead() {
        #expect(ByteSizeText.parse("64MB") == 64 << 20)
        #expect(ByteSizeText.parse("1 GiB") == 1 << 30)
        #expect(ByteSizeText.parse("512") == 512)
        for text in ["", "MB", "-1MB", "1.5MB", "9999999999999GB", "1XB"] {
            #expect(ByteSizeText.parse(text) == nil)
        }
    }
}
