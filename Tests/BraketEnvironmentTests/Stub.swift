// BraketEnvironment
