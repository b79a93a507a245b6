/// What a configuration says about endpoints.
package struct EndpointOptions: Hashable, Sendable {
    /// The address to use in place of AWS's own.
    package var override: EndpointAddress?
    /// Whether to use endpoints with validated cryptography (`AWS_USE_FIPS_ENDPOINT`).
    package var usesFIPS: Bool
    /// Whether to use endpoints that also have IPv6 addresses (`AWS_USE_DUALSTACK_ENDPOINT`).
    package var usesDualStack: Bool

    /// Makes options; AWS's ordinary endpoints when nothing is given.
    ///
    /// - Parameters:
    ///   - override: The address to use in place of AWS's own.
    ///   - usesFIPS: Whether to use endpoints with validated cryptography.
    ///   - usesDualStack: Whether to use endpoints that also have IPv6 addresses.
    package init(override: EndpointAddress? = nil, usesFIPS: Bool = false, usesDualStack: Bool = false) {
        self.override = override
        self.usesFIPS = usesFIPS
        self.usesDualStack = usesDualStack
    }

    /// Checks that nothing is asked of an address that only AWS's own endpoints have.
    ///
    /// - Throws: `EndpointError` with code `.invalid`.
    func check() throws(EndpointError) {
        guard let override, usesFIPS || usesDualStack else { return }
        throw EndpointError(
            .invalid,
            "\(usesFIPS ? "FIPS" : "dual-stack") endpoints are AWS's own, but the endpoint is set to \(override): "
                + "unset one of the two"
        )
    }
}
