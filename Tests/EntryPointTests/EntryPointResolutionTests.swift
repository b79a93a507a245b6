import EntryPoint
import RunnerTestSupport
import SystemPackage
import Testing

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
#error("braket-runner runs on Linux only")
#endif

@Suite struct EntryPointResolutionTests {
    private static let files = [
        "alg.py", "pkg/__init__.py", "pkg/__main__.py", "pkg/mod.py", "plain/__init__.py", "space/mod.py", "run.sh",
        "tool", "both", "both.py", "bin/tool", "bin/alg.py", "dotted.name",
    ]

    /// Makes the files of the table and `folder/`, without content.
    private func makeScript(_ folder: FilePath) throws {
        for file in Self.files {
            let path = folder.pushing(FilePath(file))
            mkdir(path.removingLastComponent().string, 0o755)
            try FileDescriptor.open(path, .writeOnly, options: [.create], permissions: .ownerReadWrite).close()
        }
        mkdir(folder.appending("folder").string, 0o755)
        mkdir(folder.appending("folder.py").string, 0o755)
    }

    @Test(
        arguments: [
            ("alg", "alg", nil, "alg.py"), ("alg:main", "alg", "main", "alg.py"),
            ("alg:Class.method", "alg", "Class.method", "alg.py"), ("alg:a:b", "alg", "a:b", "alg.py"),
            ("alg:", "alg", "", "alg.py"), (":main", "", "main", nil),
            // What `python -m` would run, and what `import` would.
            ("pkg", "pkg", nil, "pkg/__main__.py"), ("pkg:main", "pkg", "main", "pkg/__init__.py"),
            ("pkg.mod", "pkg.mod", nil, "pkg/mod.py"), ("pkg.mod:main", "pkg.mod", "main", "pkg/mod.py"),
            ("space.mod", "space.mod", nil, "space/mod.py"), ("plain:f", "plain", "f", "plain/__init__.py"),
            // A module wins over a file of the same name: today it runs.
            ("both", "both", nil, "both.py"),
            // Not in the script: it may be installed, or come with the image.
            ("plain", "plain", nil, nil), ("missing", "missing", nil, nil), ("missing:f", "missing", "f", nil),
            ("pkg.missing", "pkg.missing", nil, nil), ("folder", "folder", nil, nil), ("a..b", "a..b", nil, nil),
            ("run.sh:f", "run.sh", "f", nil), ("../alg:f", "../alg", "f", nil), ("bin/alg:f", "bin/alg", "f", nil),
        ] as [(String, String, String?, String?)]
    )
    func modules(entryPoint: String, module: String, function: String?, file: String?) throws {
        try withTemporaryDirectory { folder in
            try makeScript(folder)
            #expect(
                resolveEntryPoint(entryPoint, in: folder)
                    == .module(name: module, function: function, file: file.map { folder.pushing(FilePath($0)) })
            )
        }
    }

    @Test(
        arguments: [
            ("alg.py", "alg.py"), ("run.sh", "run.sh"), ("tool", "tool"), ("bin/tool", "bin/tool"), ("./tool", "tool"),
            ("bin/alg.py", "bin/alg.py"), ("bin//tool", "bin/tool"), ("dotted.name", "dotted.name"),
            ("pkg/mod.py", "pkg/mod.py"),
        ])
    func programs(entryPoint: String, file: String) throws {
        try withTemporaryDirectory { folder in
            try makeScript(folder)
            #expect(resolveEntryPoint(entryPoint, in: folder) == .program(folder.pushing(FilePath(file))))
        }
    }

    @Test(
        arguments: [
            "missing.py", "missing.sh", "bin/missing", "../tool", "bin/../../tool", "/bin/sh", "folder/", "folder.py",
            "a.exe", "b.bin",
        ])
    func namesThatCanOnlyBeFiles(entryPoint: String) throws {
        try withTemporaryDirectory { folder in
            let script = folder.appending("script")
            mkdir(script.string, 0o755)
            try makeScript(script)
            try FileDescriptor.open(
                folder.appending("tool"),
                .writeOnly,
                options: [.create],
                permissions: .ownerReadWrite
            ).close()
            #expect(resolveEntryPoint(entryPoint, in: script) == .missingFile(entryPoint))
        }
    }
}
