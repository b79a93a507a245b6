import AWSRequests
package import RunnerCore

/// The word of EC2 that it will take a spot instance away.
///
/// https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/spot-instance-termination-notices.html
package struct SpotNotice: Hashable, Sendable {
    /// `terminate`, `stop` or `hibernate`.
    package let action: String
    /// When; nil when the notice does not say so in a form that is understood.
    package let time: Timestamp?

    /// Reads the metadata service's document; nil when it is no such document.
    ///
    /// - Parameter bytes: For instance `{"action": "terminate", "time": "2017-09-18T08:22:00Z"}`.
    package init?(_ bytes: [UInt8]) {
        guard let fields = (try? JSONText.parse(bytes))?.objectValue, let action = fields["action"]?.stringValue else {
            return nil
        }
        self.action = action
        time = fields["time"]?.stringValue.flatMap { Timestamp(iso8601: $0) }
    }
}
