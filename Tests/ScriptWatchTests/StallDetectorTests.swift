import RunnerCore
import Testing

@testable import ScriptWatch

/// When a script counts as stalled.
struct StallDetectorTests {
    /// A course of looks, one a second, and when it is called stalled.
    struct Course: Sendable, CustomTestStringConvertible {
        let name: String
        let seconds: Int
        /// What happens in the second of that number.
        let activity: @Sendable (Int) -> ScriptActivity
        /// The second of the stall; nil for none.
        let stalledAt: Int?
        var testDescription: String { name }
    }

    private static func quiet(_ change: (inout ScriptActivity) -> Void = { _ in }) -> ScriptActivity {
        var activity = ScriptActivity()
        change(&activity)
        return activity
    }

    static let courses = [
        Course(name: "a deadlock", seconds: 4000, activity: { _ in quiet() }, stalledAt: 1800),
        Course(
            name: "a blocked socket after 100 s of work",
            seconds: 4000,
            activity: { second in quiet { if second <= 100 { $0.transferredBytes = 1000 } } },
            stalledAt: 1900
        ),
        Course(
            name: "a thread that looks at a flag every second: a tick of CPU every 200 s",
            seconds: 4000,
            activity: { second in quiet { if second % 200 == 0 { $0.cpuSeconds = 0.01 } } },
            stalledAt: 1800
        ),
        Course(
            name: "spinning",
            seconds: 20_000,
            activity: { _ in quiet { $0.cpuSeconds = 1 } },
            stalledAt: nil
        ),
        Course(
            name: "a line of output every 20 min",
            seconds: 20_000,
            activity: { second in quiet { if second % 1200 == 0 { $0.transferredBytes = 12 } } },
            stalledAt: nil
        ),
        Course(
            name: "30 ms of CPU every 20 min",
            seconds: 20_000,
            activity: { second in quiet { if second % 1200 == 0 { $0.cpuSeconds = 0.03 } } },
            stalledAt: nil
        ),
        Course(
            name: "a hundredth of a core, in single ticks",
            seconds: 20_000,
            activity: { _ in quiet { $0.cpuSeconds = 0.01 } },
            stalledAt: nil
        ),
        Course(
            name: "a child every 25 min",
            seconds: 20_000,
            activity: { second in quiet { $0.hasOtherSigns = second % 1500 == 0 } },
            stalledAt: nil
        ),
        Course(
            name: "looks that come 15 s late by plan count in full",
            seconds: 4000,
            activity: { _ in quiet { ($0.seconds, $0.plannedSeconds) = (15, 15) } },
            stalledAt: 120
        ),
        Course(
            name: "a machine that sleeps an hour between looks, every 100 looks",
            seconds: 1700,
            activity: { second in quiet { if second % 100 == 0 { $0.seconds = 3600 } } },
            stalledAt: nil
        ),
    ]

    @Test("A stall is silence, and nothing slow is one", arguments: courses)
    func course(_ course: Course) {
        var detector = StallDetector(.standard)
        var stalledAt: Int?
        for second in 1...course.seconds {
            if case .silent = detector.add(course.activity(second)) {
                #expect(stalledAt == nil, "it is called once")
                if detector.filesChanged(secondsAgo: nil) != nil { stalledAt = second }
            }
        }
        #expect(stalledAt == course.stalledAt)
    }

    @Test("A file that changes regularly keeps the script from being called stalled; when it stops, it is")
    func files() {
        var detector = StallDetector(StallPolicy(seconds: 100, action: .stop))
        var stalledAt: Int?
        for second in 1...2000 {
            // Touched every 70 s until 700.
            let touched = second < 700 ? second - second % 70 : 700
            guard case .silent = detector.add(ScriptActivity()) else { continue }
            if let silence = detector.filesChanged(secondsAgo: Double(second - touched)) {
                stalledAt = stalledAt ?? second
                #expect(silence >= 100)
            }
        }
        #expect(stalledAt == 800)
    }

    @Test("What happens while the files are looked at ends the suspicion")
    func answerTooLate() {
        var detector = StallDetector(StallPolicy(seconds: 2, action: .stop))
        #expect(detector.add(ScriptActivity()) == .none)
        #expect(detector.add(ScriptActivity()) == .silent(seconds: 2))
        var busy = ScriptActivity()
        busy.transferredBytes = 1
        #expect(detector.add(busy) == .none)
        #expect(detector.filesChanged(secondsAgo: nil) == nil)
    }

    @Test("After a stall it is told once that the script goes on, and the next stall is one again")
    func rearmed() {
        var detector = StallDetector(StallPolicy(seconds: 10, action: .warn))
        var told: [String] = []
        for second in 1...60 {
            var activity = ScriptActivity()
            if second == 30 || second == 31 { activity.transferredBytes = 1 }
            switch detector.add(activity) {
            case .none: break
            case .silent: if detector.filesChanged(secondsAgo: nil) != nil { told.append("stalled \(second)") }
            case .resumed(let seconds): told.append("resumed \(second) after \(Int(seconds))")
            }
        }
        #expect(told == ["stalled 10", "resumed 30 after 30", "stalled 41"])
    }

    @Test(
        "--stall",
        arguments: [
            ("1800", "1800:warn"), ("5:stop", "5:stop"), ("5:warn", "5:warn"), ("0", "none"), ("none", "none"),
            ("0:stop", "none"), ("", "bad"), ("x", "bad"), ("5:", "bad"), ("5:kill", "bad"), ("-1", "bad"),
            ("1.5", "bad"), (":stop", "bad"), ("99999999999", "bad"),
        ]
    )
    func policy(text: String, meaning: String) {
        let parsed = StallPolicy.parse(text)
        #expect(parsed.map { $0?.text ?? "none" } ?? "bad" == meaning)
    }
}
