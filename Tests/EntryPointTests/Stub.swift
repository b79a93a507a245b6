// EntryPoint
