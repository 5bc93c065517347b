import ProcessKit
import Store
import SystemPackage
import TestSupport
import Testing

@testable import Watch

/// Whether a tap is still the one that was read.
struct TapContinuityTests {
    private let old = (0..<6000).map { UInt8(truncatingIfNeeded: $0 &* 7 &+ $0 / 251) }
    private let new = [UInt8]((0..<6000).map { UInt8(truncatingIfNeeded: $0 &* 11 &+ $0 / 13) })
    private let zeros = [UInt8](repeating: 0, count: 4096)

    /// What is found when `bytes` stand where `old` was read up to its first 5,000 bytes.
    private func found(_ bytes: [UInt8]?, print isKnown: Bool = true) async throws -> TapContinuity {
        try await withTemporaryFolder { folder in
            let tap = folder.appending("a.tap")
            try Files.write(old, to: tap)
            let print = try #require(TapPrint(of: tap, upTo: 5000))
            try Files.remove(tap)
            if let bytes { try Files.write(bytes, to: tap) }
            return try TapContinuity.of(tap, committed: 5000, print: isKnown ? print : nil)
        }
    }

    @Test func aTapGrowsAndItsHeadIsGivenBack() async throws {
        #expect(try await found(old) == .whole)
        #expect(try await found(Array(old.prefix(5000))) == .whole)
        #expect(try await found(zeros + old.dropFirst(4096)) == .whole)
    }

    @Test func whatIsLeftOfACutTapWasRead() async throws {
        #expect(try await found(Array(old.prefix(4999))) == .cut(at: 4999))
        #expect(try await found(Array(old.prefix(10))) == .cut(at: 10))
        #expect(try await found(zeros + old[4096..<4500]) == .cut(at: 4500))
        #expect(try await found(old.prefix(3000) + new) == .cut(at: 5000), "longer than before by now")
        #expect(try await found(old.prefix(700) + new) == .cut(at: 700), "what follows is new")
    }

    @Test func anotherFileIsReadFromItsBeginning() async throws {
        for bytes in [nil, [], new, Array(new.prefix(4000)), new + new] {
            #expect(try await found(bytes) == .another)
        }
        #expect(try await found(old.prefix(20) + new) == .another, "no line of it is the same")
        #expect(try await found(Array(old.prefix(4999)), print: false) == .another)
        #expect(try await found(new, print: false) == .whole, "only the length says something")
    }
}
