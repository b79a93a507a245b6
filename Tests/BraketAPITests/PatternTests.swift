import BraketAPI
import Testing

/// Patterns matched by hand against what Python's `re.fullmatch(…, re.ASCII)` says.
@Suite struct PatternTests {
    @Test(arguments: samples)
    func handMatcherAgreesWithPython(sample: Sample) {
        for text in sample.matching {
            #expect(sample.pattern.matches(text), "\(sample.pattern.text) must match \(text.debugDescription)")
        }
        for text in sample.others {
            #expect(!sample.pattern.matches(text), "\(sample.pattern.text) must not match \(text.debugDescription)")
        }
    }
}

/// Strings that a pattern matches and strings that it does not.
struct Sample: Sendable {
    let pattern: Pattern
    let matching: [String]
    let others: [String]
}

/// Written once by a Python script: hand-picked strings, then random changes of those that match, seed 7.
private let samples: [Sample] = [
    Sample(
        pattern: .s3Path,
        matching: [
            "s3://b/k", "https://b", "s3://bucket/", "s3://b//k/..", "s3://b\nc/k", "s3://b/\u{E9}", "s3://b?x=1",
            "s3://b0x=1", "s3://b/", "s3://bb?x=11", "s3://buc:kZt/", "s3://buucket/", "s3://buckeet_",
            "s3://b?==1", "s3://bcket/", "s3://b?=1", "https://bb", "s3://b//k/...", "s3://buct/",
        ],
        others: [
            "s3:///k", "S3://b/k", "s3:/b/k", "s3://b/k\n", "http://b/k", "file:///x", "https:///x", "", "s3://",
            "xs3://b/k", " s3://b", "h\u{E9}ttp s://b", "s:3://b\nc/k", "hhttps://b", "s://bc/k", "http@s://b",
            "s3:////b/k", "file://a/x", "httpps:_/b", "ttps://b", "03://bb/k", "s3:://b/k", "s3@://b/k",
            "s3: //bucket/", "s\u{E9}3:////\u{E9}", "s:///b//k/..", "s=://b\nc/k",
        ]
    ),
    Sample(
        pattern: .channelName,
        matching: [
            "a", "..", "a.b-c_D9", "-", "_",
            "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "...", "--",
            "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", ".",
            "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
            "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "Z", "a_a", "a..b-cD9", "0",
            "a.-_D9", "a.b-_c_D_", "a.a-c_D9", ".-",
        ],
        others: [
            "", "a b", "a/b", "\u{E9}", "a\n", "input:1", "a\0", "a+", "Za/", "//\u{E9}",
            "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "=_", ",..", "a.b,-c_D9",
            "a  ", " nput:1", ".a:", "a =b", "=a b",
            "AAAAA/AAAAAAAAAAAAAAAAAAAAAAAAA=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "a.b-\n_aD9",
        ]
    ),
    Sample(
        pattern: .jobName,
        matching: [
            "a", "a-b", "a--b", "A1", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
            "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
            "a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a",
            "a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a",
            "0", "00", "aa", "A", "aaa", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa0aaaaaaaaaaaaaaa",
            "a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-aa-a-a-a-a", "b", "1",
        ],
        others: [
            "-a", "a-", "", "a_b", "a.b", "\u{E9}", "a\n", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
            "a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a",
            "-", "a b", "--bb", "--b", "a-=b",
            "a-a-a-a-a--a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-aaa-a",
            "a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-aa-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-aa-a",
            "=A1", "aaaaaaa=aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
            "a-a--a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a\n-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a",
            "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa_aa", "a.-",
            "a-a-a-a-a-a-a-a-a-a-a-a,-a-a-a-a-a-a-a-a-a-a-a-a--a-a", "a..b", "a--@",
            "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\naaa",
            "aaaaaaaaaaaaaaaaaaaaaaaa\naaaaaaaaaaaaaaaaaaaaaaaa",
            "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
            "a-a-a-a-a:-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-aa-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a",
            "+a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a",
            "a- ", "@aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
        ]
    ),
    Sample(
        pattern: .roleARN,
        matching: [
            "arn:aws:iam::123456789012:role/x", "arn:aws:iam::123456789012:role/",
            "arn:aws:iam::123456789012:rolex", "arn:aws-cn:iam::123456789012:role/service-role/A+b=c,d.e@f-g_h",
            "arn:aws-cn:iam::123456789012:role/service-role/A+b=.c,d.e@f-g_h",
        ],
        others: [
            "arn:aws:iam::123456789012:role", "arn:aws:iam::12345678901:role/x",
            "arn:aws:iam::1234567890123:role/x", "arn:aws:iam:us:123456789012:role/x",
            "arn:awsX:iam::123456789012:role/x", "arn:aws:iam::123456789012:role/x y",
            "arn:aws:iam::123456789012:role/x\n", "arn:aws:iam::123456789012:user/x", "",
            "arn:aws-cn:iam::123456789012:rle/service\u{E9}role/A+b=c,d.e@f-g_h",
            "arn:aws:iam::1234567890012:role/", "arn:aws:iam::123456789012:rrole/x",
            "arn:aws-cn:iam::123456789012:roe/service-role:A+b=c,d.e@f-g_h", "arn:aws:iam:::123456789012:role/x",
            "arn:aws::iam::123456789012:role/", "arn:aws:iam::1234567789012:rolex",
            "arn::aws:i,am:us:123456789012:role/x", "arn:aws:iam::123456789a01:role/",
            "arn:aws:iam::12345678901:role0/x", "arn:aws:i\nam::1234567890012:role/",
            "arn:aws:iam::1234Z56789012:role/x", "arn:aws:iam::1234567890012:role/x", "aa",
            "arn:aws-cn:iam::1234567=9012:role/service-role/A+b=c,d.e@f-g_h", "arrn:aws:iam::123456789012role/x",
            "arn:ws:iam:.123456789012:role/x", "arn:aaws:iam::1234.6789012:role/x",
            "arn:aws:iam::1234456789012:role//", "arn:aws-cn:iiam::123456789012:role/service-role/A+b=c,d.e@f-g_h",
            "arn:aws:iam::1_456789012:user/x", "arn:aws:iamm::123456789012:role/x",
            "arn:.aws:ia:::123456789012:role/x", "arn:aws:iam::1233456789012:role/",
            "arn:aws:iam::23456789012:role", "arn:aws:i.m::123456789012:role/", "arn:a/:iam::123456789012:rolex",
        ]
    ),
    Sample(
        pattern: .imageURI,
        matching: [
            "292282985366.dkr.ecr.us-west-2.amazonaws.com/amazon-braket-base-jobs:latest",
            "292282985366.dkr.ecr.us-west-2.amazonaws.com/a@sha256:0f",
            "292282985366.dkr.ecrXus-west-2.amazonaws.com/a:b",
            "292282985366.dkr.ecr\u{E9}us-west-2.amazonaws.com/a:b",
            "292282985366.dkr.ecr.us-west-2.amazonaws.com/::b", "292282985366.dkr.ecr.us-west-2.amazonaws.com/:::",
            "292282985366.dkr.ecr.us-west-2.amazonaws.com/a::", "12345678901234.dkr.ecr.x.amazonaws.com/a:b",
            "292282985366.dkr.ecr.us-west-2.amazonaws.com//a@sha256:0f",
            "292282985366.dkr.ecr.us-west-2.amazonaws.com/::::",
            "292282985366.dkr.ecr.us-west-2.amazonaws.com/amazon -brket-base-jobs:latest",
            "23456789012345.dkr.ecr.x.amazonaws.com/a:b", "292282985366.dkr.ecr.us-west-2.amazonaws.com/a:@",
            "29282985366.dkr.ecr\u{E9}uus-west-2.amazonaws.com/a:b",
            "292282985366.dkr.ecr.uss-west-2.amazonaws.com/a::",
        ],
        others: [
            "292282985366.dkr.ecr.us-west-2.amazonaws.com.cn/a:b", "292282985366.dkr.ecr.us-west-2.amazonaws.com/a",
            "292282985366.dkr.ecr.us-west-2.amazonaws.com/a:", "292282985366.dkr.ecr.us-west-2.amazonaws.com/:b",
            "292282985366.dkr.ecr.us-west-2.amazonaws.com/::", "123456789.dkr.ecr.x.amazonaws.com/a:b",
            "123456789012345.dkr.ecr.x.amazonaws.com/a:b", "292282985366.dkr.ecr\nx.amazonaws.com/a:b",
            "292282985366.dkr.ecr.x.amazonaws.com/a\n:b", "292282985366.dkr.ecr..amazonaws.com/a:b", "",
            "2922:2985366.dkr.ecr.us-west-2.amazonaws.com/::b",
            "292282985366.dkr.ecr\u{E9}us-west-2.amazonaws./com/a:b",
            "292282985366.dkkr.ecr\u{E9}us-west-2.amazonaws.com/a:b",
            "292282985366.dZr.ecr.us-west-2.amazonaws.com/:::",
            "292282985366.dkr.ecr\u{E9}us-west-2.a\u{E9}azonaws.com/a:b",
            "292282985366.dkr.ecr.us-west-2.amazonaws .com/::b",
            "292282985366.dkr.ecr.us_-west-2.amazonaws.com/:::",
            "92282985366.dkr.ecr\u{E9}us-west-2.amazona=ws.com/a:b",
            "2922-2985366.dkr.ecr.us-west-2.amazonaws.com/:::", "12345678901234.dkr.ecr.x.aZmazonaws.com/a:bb",
            "2922282985366.dkr.ecr.us-w:st-2.amazonaws.com/::b", "292282:985366.dkr.ecr.us-west-2.amzonaws.com/:::",
            "292282985366.dkr.ecr.us-west-2.amazonawscom/a::", "123456789.dkkr.ecr.x.amazonaws.com/a:b",
            "292282985366.dkr.ecr\u{E9}us-west-2.amazonaws.c\u{E9}om/a:b",
            "292282985366.dkr.ecr.us-west-2.amazon-ws.:om/a::",
            "2922829853666.dkr.ecr.us-west-2.amazona/ws.com/:::", "123405678901234.dkr.ecr.x.amazoaws.com/a:b",
            "292282985366.dkr.ecr.us-west-2.ammazonaws.com/:::",
            "292282985366.dkr.ecr.us-west-2.amazonaws+.com/amazon-braket-base-jobs:latest",
            "292282985366.dkr.ecr.us-west-2.amazonaws.ccom/a@sha256:0f",
        ]
    ),
    Sample(
        pattern: .resourceARN,
        matching: [
            "arn:aws:braket:us-east-1:123456789012:reservation/x", "arn:aws:braket::123456789012:",
            "arn:aws:braket:s-east-1:123456789012:reservation/Zx",
        ],
        others: [
            "arn:aws-us-gov:braket:x:123456789012:a\nb", "arn:aws:braket:us-east-1:12345678901:x",
            "arn:aws:braket:us-east-1::x", "arn:aws:braket:US:123456789012:x", "arn:aws:s3:::x",
            "arn:aws:braket:us-east-1:123456789012", "", "arn:aws:raket:us-east-1:123456789012:reservation/x",
            "arn:aws:braket:us-east -1:123456789012:reservation/x",
            "arn:aws:braket:us-east-1:1234067,9012:reservation/x", "arn:aws:braaet::123456789012:",
            "arn:aws:braket::12345_789012:", "arn:aws-us-gov:braket:x:1234@6789a012:a\nb",
            "arn:aws:braket:u:-east-1:123456789012:reservatioon/x", "arn:a/s-us-ov:braket:x:123456789012:a\nb",
            "arn:aws:braket:us-e\nst-1:123456789012:reservataon/x",
            "arn:aws:braket:us-east-1:123456789012:r\nservation/x", "arn:aws:braket:123456789012:",
            " arn:aws:braket:us-east-1:123456789012:reservation/x",
            "arn:aws:braket:us-east-1:13456789012:0eservation/x", "rn:aws:braket::123456789012:",
            "arn:\naws-us-gov:baket:x:123456789012:a\nb", "arn:aws:braket:us-east-1:123456789012:\neservation/x",
            "arn:aws:braket::123456789012", "arn:aws:brakeet:us-east-1:123456789012:reservation/x",
            "ar.:aws:braket::123456789012:", "arn:aws:braket::1234567890122:", "arn:awws:braket::123456789012:",
            "arn_:aws:braket:us-east-1::x", "arn:aws:braket:us-ea@t-1::x", "ar:aw.s:braket::123456789012:",
            "arn:aws:brak,t:us-east-1:12345678901:x", "a:rn:aws:braket:us-east-1:1234566789012:reservation/x",
            "arn:aws:braket:us-east-1:2345678901:,x",
        ]
    ),
    Sample(
        pattern: .device,
        matching: [
            "arn:aws:braket:::device/quantum-simulator/amazon/sv1",
            "arn:aws:braket:us-east-1::device/qpu/ionq/Aria-1", "local:pennylane/lightning.qubit",
            "local:none/none", "local:x/y/z", "local:a\nb/c",
            "arn:aws:braket:::device/quantumZsimulator/amazon/sv1", "local::pennyl,ane/lightning.qubit",
            "local:pennylne/lightning.qubit", "local:nane/none",
        ],
        others: [
            "local:/x", "local:x", "local:x/", "local:a/b\nc", "Local:x/y", "arn:aws:braket:::device/",
            "arn:aws:braket:us-east-1:123456789012:job/x", "arn:aws:braket::a:device/x", "",
            "arn:aw s:braket:::device/quantum-simulator/amazon/sv1", "alocal:x", "Zlocal:a\nb/c",
            "arn:aws:braket:us-east-1Z:12345678912:job/x", "ar\u{E9}n:aws:braket:us-east-1::device/qpu/ionq/Aria-1",
            "arn:aws:braket:us-east-1:12345Z789012:job/x", "local_a\nb/c",
            "arn:aws:braket:::dav+ce/quantum-simulator/amazon/sv1", "local:aa\nb=c", "loca:/b\nc",
            "arn:aws:braket:us-ast-1::device.qpu/ionq/Aria-1", "loccal:a\nb/c",
            "arn:aws:braket:us-east-1:1234567890112:job/x", "arn:aws:braket:::deice/quantum-simuulator/amazon/sv1",
            "local:a\nb_c", "local:nne-none", "loca:none/none", "locl:x/y/z", "loclx/y/z",
            "arn:aw:braket:us-east-1:12.456789012:job/x", "local:/xx", "loc,al:x/y/zz", "loal:a\nb/",
            "local:none=non:e",
        ]
    ),
    Sample(
        pattern: .line,
        matching: [
            "", "x", "a\rb", "\u{E9}\u{1F600}", "\u{2028}", "\u{E9}/", ":", "0", "@", "abb", "xxx", "/", "a\r0\rb",
            "\u{E9}+\u{1F600}", "Za\rb", "\rb", "ab", "\u{2028}\u{2028}", "\u{E9}", "\u{E9}\u{E9}",
            "\u{E9}\u{1F600}\u{1F600}\u{1F600}", "a\rab", "a\r\rb", "\u{E9}:\u{1F600}", "a-\r", ":a\rb",
            "\u{E9}\u{1F600}\u{1F600}", "\u{E9}\u{E9}\u{1F600}", "\u{E9}\u{E9}\u{1F600}\u{1F600}",
        ],
        others: [
            "a\nb", "\n", "a\r\nb", ".\nbb", "a\n-b", "a:a\nb", "a\nb-b",
        ]
    ),
]
