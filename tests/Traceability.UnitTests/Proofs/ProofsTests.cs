using System.Text;
using System.Text.Json.Nodes;
using Traceability.Proofs;
using Xunit;

namespace Traceability.UnitTests.Proofs;

public class ProofsTests
{
    private const string Type = "test+jwt";

    private static readonly PrivateKey Signer = PrivateKey.Create();
    private static readonly PrivateKey Receiver = PrivateKey.Create();

    /// <summary>RFC 7515, appendix A.3: key, input and signature.</summary>
    [Fact]
    public void The_published_ES256_example_verifies_and_is_refused_for_its_lack_of_a_type()
    {
        var key = PublicKey.FromJwk("""
            {"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
             "y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}
            """);
        var compact = "eyJhbGciOiJFUzI1NiJ9"
            + ".eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ"
            + ".DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q";
        using var algorithm = key.ForSignatures();
        var dot = compact.LastIndexOf('.');

        Assert.True(algorithm.VerifyData(
            Encoding.ASCII.GetBytes(compact[..dot]),
            Text.Decode(compact[(dot + 1)..], "signature"),
            System.Security.Cryptography.HashAlgorithmName.SHA256));
        Fails(ProofFailure.Malformed, () => JsonWebSignature.Verify(compact, Type, _ => key));
    }

    /// <summary>RFC 7518, appendix C.</summary>
    [Fact]
    public void The_published_key_agreement_example_gives_its_key()
    {
        byte[] secret =
        [
            158, 86, 217, 29, 129, 113, 53, 211, 114, 131, 66, 131, 191, 132, 38, 156, 251, 49, 110, 163, 218, 128, 106,
            72, 246, 218, 167, 121, 140, 254, 144, 196,
        ];

        var key = JsonWebEncryption.ConcatKeyDerivation(secret, "A128GCM", 16, "Alice", "Bob");

        Assert.Equal("VqqN6vgjbSBcIijNcacQGg", Text.Encode(key));
    }

    /// <summary>RFC 9901, section 4.2.3.</summary>
    [Fact]
    public void The_published_disclosure_has_its_digest() => Assert.Equal(
        "X9yH0Ajrdm1Oij4tWso9UzzKJvPoDxwmuEcO3XAdRC0",
        SelectiveStatement.Digest("WyJfMjZiYzRMVC1hYzZxMktJNmNCVzVlcyIsICJmYW1pbHlfbmFtZSIsICJNw7ZiaXVzIl0"));

    [Fact]
    public void What_was_signed_comes_back()
    {
        var verified = JsonWebSignature.Verify(JsonWebSignature.Sign(Signer, Type, "{}"u8), Type, KeyOf);

        Assert.Equal("{}"u8.ToArray(), verified.Payload);
        Assert.Equal(Signer.Public.KeyId, verified.KeyId);
        Assert.Null(verified.SignedAt);
        var time = new DateTimeOffset(2026, 6, 1, 12, 0, 0, 999, TimeSpan.FromHours(9));
        verified = JsonWebSignature.Verify(JsonWebSignature.Sign(Signer, Type, "{}"u8, time), Type, KeyOf);
        Assert.Equal(new DateTimeOffset(2026, 6, 1, 3, 0, 0, TimeSpan.Zero), verified.SignedAt);
    }

    [Fact]
    public void What_was_sealed_comes_back_to_the_receiver_alone()
    {
        var compact = JsonWebEncryption.Seal(Receiver.Public, Type, "{\"a\":1}"u8);

        Assert.Equal("{\"a\":1}", Encoding.UTF8.GetString(JsonWebEncryption.Open(Receiver, Type, compact)).TrimEnd());
        Fails(ProofFailure.NotForThisKey, () => JsonWebEncryption.Open(Signer, Type, compact));
        Fails(ProofFailure.WrongType, () => JsonWebEncryption.Open(Receiver, "other+jwt", compact));
    }

    [Fact]
    public void The_size_of_a_seal_says_little() => Assert.Equal(
        JsonWebEncryption.Seal(Receiver.Public, Type, "{}"u8).Length,
        JsonWebEncryption.Seal(Receiver.Public, Type, Encoding.UTF8.GetBytes($"\"{new string('x', 900)}\"")).Length);

    [Fact]
    public void Any_other_character_anywhere_breaks_a_signature_a_seal_and_a_statement()
    {
        var statement = Issue();
        Broken(JsonWebSignature.Sign(Signer, Type, "{}"u8), text => JsonWebSignature.Verify(text, Type, KeyOf));
        Broken(JsonWebEncryption.Seal(Receiver.Public, Type, "{}"u8), text => JsonWebEncryption.Open(Receiver, Type, text));
        Broken(
            SelectiveStatement.Present(statement.Signature, [statement.Disclosures["total"]]),
            text => SelectiveStatement.Open(text, Type, KeyOf));
    }

    [Theory]
    [InlineData("""{"alg":"none","kid":"k","typ":"test+jwt"}""", ProofFailure.WrongAlgorithm)]
    [InlineData("""{"alg":"HS256","kid":"k","typ":"test+jwt"}""", ProofFailure.WrongAlgorithm)]
    [InlineData("""{"alg":"ES256","kid":"k","typ":"test+jwt","crit":["x"],"x":1}""", ProofFailure.WrongAlgorithm)]
    [InlineData("""{"alg":"ES256","kid":"k","typ":"other"}""", ProofFailure.WrongType)]
    [InlineData("""{"alg":"ES256","alg":"ES256","kid":"k","typ":"test+jwt"}""", ProofFailure.Malformed)]
    [InlineData("""{"alg":"ES256","kid":"k","typ":"test+jwt"}""", ProofFailure.UnknownKey)]
    [InlineData("""{"kid":"k","typ":"test+jwt"}""", ProofFailure.Malformed)]
    [InlineData("""{"alg":"ES256","kid":"k","typ":"test+jwt","iat":1780315200}""", ProofFailure.UnknownKey)]
    [InlineData("""{"alg":"ES256","kid":"k","typ":"test+jwt","iat":"1780315200"}""", ProofFailure.Malformed)]
    [InlineData("""{"alg":"ES256","kid":"k","typ":"test+jwt","iat":1780315200.5}""", ProofFailure.Malformed)]
    [InlineData("""{"alg":"ES256","kid":"k","typ":"test+jwt","iat":-1}""", ProofFailure.Malformed)]
    [InlineData("""{"alg":"ES256","kid":"k","typ":"test+jwt","iat":9223372036854775807}""", ProofFailure.Malformed)]
    [InlineData("""{"alg":"ES256","kid":"k","typ":"test+jwt","iat":null}""", ProofFailure.Malformed)]
    [InlineData("[]", ProofFailure.Malformed)]
    public void Only_the_expected_header_is_accepted(string header, ProofFailure failure)
    {
        var compact = $"{Text.Encode(Encoding.UTF8.GetBytes(header))}.{Text.Encode("{}"u8)}.{Text.Encode(new byte[64])}";

        Fails(failure, () => JsonWebSignature.Verify(compact, Type, KeyOf));
    }

    [Fact]
    public void A_receiver_sees_the_fields_it_was_shown_and_no_others()
    {
        var statement = Issue();
        var presentation = SelectiveStatement.Present(statement.Signature, [statement.Disclosures["total"]]);
        var opened = SelectiveStatement.Open(presentation, Type, KeyOf);

        Assert.Equal("3", opened.Fields["total"]!.GetValue<string>());
        Assert.Equal("issuer", opened.Claims["iss"]!.GetValue<string>());
        Assert.Single(opened.Fields);
        Assert.DoesNotContain(statement.Disclosures["stages"], presentation, StringComparison.Ordinal);
    }

    [Fact]
    public void Two_receivers_hold_the_same_signature_and_equal_values_have_unequal_hashes()
    {
        var one = Issue();
        var other = Issue();

        Assert.NotEqual(
            SelectiveStatement.Digest(one.Disclosures["total"]), SelectiveStatement.Digest(other.Disclosures["total"]));
    }

    [Fact]
    public void A_field_of_another_statement_is_refused()
    {
        var presentation = SelectiveStatement.Present(Issue().Signature, [Issue().Disclosures["total"]]);

        Fails(ProofFailure.NotCommitted, () => SelectiveStatement.Open(presentation, Type, KeyOf));
    }

    [Fact]
    public void The_same_field_twice_is_refused()
    {
        var statement = Issue();
        var total = statement.Disclosures["total"];

        Fails(ProofFailure.NotCommitted, () => SelectiveStatement.Open(
            SelectiveStatement.Present(statement.Signature, [total, total]), Type, KeyOf));
    }

    [Theory]
    [InlineData("""{"kty":"RSA","crv":"P-256","x":"AA","y":"AA"}""")]
    [InlineData("""{"kty":"EC","crv":"P-384","x":"AA","y":"AA"}""")]
    [InlineData("""{"kty":"EC","crv":"P-256","x":"AA","y":"AA"}""")]
    [InlineData("""{"kty":"EC","crv":"P-256"}""")]
    [InlineData("nonsense")]
    public void A_key_that_is_none_is_refused(string jwk) =>
        Assert.Throws<ProofException>(() => PublicKey.FromJwk(jwk));

    [Fact]
    public void A_point_beside_the_curve_is_refused()
    {
        var jwk = JsonNode.Parse(Signer.Public.ToJwk())!;
        jwk["y"] = jwk["x"]!.GetValue<string>();

        Fails(ProofFailure.Malformed, () => PublicKey.FromJwk(jwk.ToJsonString()));
    }

    [Fact]
    public void Keys_survive_their_text_forms()
    {
        var stored = Signer.ToEncryptedPem("a secret");
        Assert.Equal(Signer.Public.KeyId, PrivateKey.FromEncryptedPem(stored, "a secret").Public.KeyId);
        Fails(ProofFailure.Malformed, () => PrivateKey.FromEncryptedPem(stored, "another"));
        Assert.StartsWith("-----BEGIN ENCRYPTED PRIVATE KEY-----", stored, StringComparison.Ordinal);
        Assert.Equal(Signer.Public.KeyId, PublicKey.FromJwk(Signer.Public.ToJwk()).KeyId);
    }

    [Fact]
    public void A_box_opens_with_its_secret_only_and_every_changed_bit_is_noticed()
    {
        var box = SecretBox.Seal("a secret", [1, 2, 3]);

        Assert.Equal([1, 2, 3], SecretBox.Open("a secret", box));
        Fails(ProofFailure.Malformed, () => SecretBox.Open("another", box));
        foreach (var (index, letter) in box.Index())
        {
            var other = letter == 'A' ? 'B' : 'A';
            Fails(ProofFailure.Malformed, () => SecretBox.Open("a secret", $"{box[..index]}{other}{box[(index + 1)..]}"));
        }
    }

    private static IssuedStatement Issue() => SelectiveStatement.Issue(
        Signer,
        Type,
        new JsonObject { ["iss"] = "issuer" },
        new Dictionary<string, JsonNode> { ["total"] = "3", ["stages"] = new JsonArray("1", "2") });

    private static PublicKey? KeyOf(string keyId) => keyId == Signer.Public.KeyId ? Signer.Public : null;

    private static void Broken(string text, Func<string, object> read)
    {
        read(text);
        for (var i = 0; i < text.Length; i++)
        {
            var other = text[i] == 'A' ? 'B' : 'A';
            Assert.Throws<ProofException>(() => read($"{text[..i]}{other}{text[(i + 1)..]}"));
        }
    }

    private static void Fails(ProofFailure failure, Func<object> read) =>
        Assert.Equal(failure, Assert.Throws<ProofException>(read).Failure);
}
