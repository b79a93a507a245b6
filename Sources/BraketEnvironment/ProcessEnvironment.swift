#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
#error("braket-runner runs on Linux only")
#endif

/// The environment variables of a process, read once.
package struct ProcessEnvironment: Sendable {
    /// Name and value in the order of the process.
    package private(set) var variables: [(name: String, value: String)]

    /// Makes an environment from a list; of repeated names the last one counts.
    package init(_ variables: [(name: String, value: String)] = []) {
        self.variables = []
        for variable in variables { self[variable.name] = variable.value }
    }

    /// The environment of this process; bytes that are no UTF-8 become U+FFFD.
    package static func current() -> ProcessEnvironment {
        var variables: [(name: String, value: String)] = []
        var next = environ
        while let entry = next.pointee {
            let text = String(cString: entry)
            if let equals = text.firstIndex(of: "="), equals != text.startIndex {
                variables.append((String(text[..<equals]), String(text[text.index(after: equals)...])))
            }
            next += 1
        }
        return ProcessEnvironment(variables)
    }

    /// The value of a variable; setting nil removes it.
    package subscript(name: String) -> String? {
        get { variables.last { $0.name.utf8.elementsEqual(name.utf8) }?.value }
        set {
            let index = variables.firstIndex { $0.name.utf8.elementsEqual(name.utf8) }
            switch (index, newValue) {
            case (let index?, let value?): variables[index].value = value
            case (nil, let value?): variables.append((name, value))
            case (let index?, nil): variables.remove(at: index)
            case (nil, nil): ()
            }
        }
    }

    /// The value of a variable when it is there and not empty.
    package func nonEmpty(_ name: String) -> String? {
        self[name].flatMap { $0.isEmpty ? nil : $0 }
    }
}
