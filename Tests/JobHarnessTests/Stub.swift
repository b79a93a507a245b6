// JobHarness
