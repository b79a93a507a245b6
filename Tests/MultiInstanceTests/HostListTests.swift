import MultiInstance
import Testing

/// What Slurm's compressed lists mean.
@Suite struct HostListTests {
    /// Rows: a text and its hosts, nil for what is no list.
    static let rows: [(text: String, hosts: [String]?)] = [
        ("algo-1", ["algo-1"]),
        ("algo-1,algo-2", ["algo-1", "algo-2"]),
        ("algo-[1-3]", ["algo-1", "algo-2", "algo-3"]),
        ("algo-[1-2,7],login", ["algo-1", "algo-2", "algo-7", "login"]),
        ("n[08-11]", ["n08", "n09", "n10", "n11"]),
        ("r[1-2]n[1-2]", ["r1n1", "r1n2", "r2n1", "r2n2"]),
        ("train-[0-1].train", ["train-0.train", "train-1.train"]),
        (" a , b ", ["a", "b"]),
        ("10.0.0.[7-8]", ["10.0.0.7", "10.0.0.8"]),
        ("", nil), ("a,,b", nil), ("a,a", nil), ("a[1-", nil), ("a]", nil), ("a[]", nil), ("a[3-1]", nil),
        ("a[x]", nil), ("a b", nil), ("-a", nil), ("a/b", nil), ("a[1-100000]", nil), ("$(x)", nil),
    ]

    @Test(arguments: rows.indices)
    func expands(_ row: Int) {
        #expect(HostList.expand(Self.rows[row].text) == Self.rows[row].hosts)
    }
}
