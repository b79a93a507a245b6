import Testing
@testable import SystemEvidence
@Suite struct XTests { @Test func x() { print(SystemReading.current(), ResourceLimits.current(), DiskSpace.of("/tmp") as Any, CorePattern.current() as Any) } }
