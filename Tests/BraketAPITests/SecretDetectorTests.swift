import BraketAPI
import Testing

@Suite struct SecretDetectorTests {
    @Test(arguments: [
        ("key", "AKIAIOSFODNN7EXAMPLE", "looks like an AWS access key id"),
        ("x", "id=ASIAIOSFODNN7EXAMPLE;", "looks like an AWS access key id"),
        ("x", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "looks like an AWS secret access key"),
        ("x", "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NSJ9.c2lnbmF0dXJl", "looks like a JSON web token"),
        ("x", "Bearer eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NSJ9.", "looks like a JSON web token"),
        ("x", "-----BEGIN RSA PRIVATE KEY-----MIIE", "looks like a private key"),
        ("password", "hunter2", "has the name of a secret"), ("dbPassword", "hunter2", "has the name of a secret"),
        ("API_KEY", "abc", "has the name of a secret"), ("apiKey", "abc", "has the name of a secret"),
        ("api-key", "abc", "has the name of a secret"), ("client_secret", "x", "has the name of a secret"),
        ("ibm_token", "abc", "has the name of a secret"), ("token", "abc", "has the name of a secret"),
        ("accessToken", "abc", "has the name of a secret"), ("HF_TOKEN", "hf_x", "has the name of a secret"),
        ("aws_credentials", "x:y", "has the name of a secret"),
    ])
    func secretIsFound(name: String, value: String, reason: String) {
        #expect(SecretDetector.reason(name: name, value: value) == reason)
    }

    @Test(arguments: [
        ("n_tokens", "512"), ("max_tokens", "lots"), ("tokenizer", "gpt2"), ("token", "5"), ("use_token", "True"),
        ("sagemaker_token", "abc"), ("sagemaker_program", "train.py"), ("monkey", "x"), ("keyboard", "x"),
        ("secret", ""), ("eta", "0.001"), ("commit", "356a192b7913b04c54574d18c28d46e6395428ab"),
        ("path", "/opt/Braket/Models/Best/Checkpoint/v1abc"), ("key", "AKIAIOSFODNN7EXAMPL"),
        ("x", "XAKIAIOSFODNN7EXAMPLEX"), ("x", "eyJhbGciOiJIUzI1NiJ9"), ("tokens_per_word", "x"), ("author", "x"),
    ])
    func settingIsNotASecret(name: String, value: String) {
        #expect(SecretDetector.reason(name: name, value: value) == nil)
    }
}
