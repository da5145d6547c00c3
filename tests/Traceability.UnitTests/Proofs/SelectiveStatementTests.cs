using System.Text;
using Traceability.Proofs;
using Xunit;

namespace Traceability.UnitTests.Proofs;

/// <summary>RFC 9901, section 7.1, step by step: what a signed payload says together with what was shown of it.</summary>
public class SelectiveStatementTests
{
    private const string Type = "test+sd-jwt";

    private static readonly PrivateKey Signer = PrivateKey.Create();
    private static readonly string Total = Disclosure("""["c2FsdA","total","8"]""");
    private static readonly string Stages = Disclosure("""["c2FsdB","stages",{"RawMaterial":"8"}]""");
    private static readonly string Element = Disclosure("""["c2FsdC","DE"]""");
    private static readonly string Unknown = SelectiveStatement.Digest(Disclosure("""["c2FsdD","hidden","1"]"""));

    [Fact]
    public void A_shown_field_is_read() =>
        Assert.Equal("8", Open($$"""{"iss":"x","_sd":["{{Digest(Total)}}"],"_sd_alg":"sha-256"}""", Total).Fields["total"]!.GetValue<string>());

    [Fact]
    public void A_digest_of_what_was_not_shown_is_ignored() =>
        Assert.Empty(Open($$"""{"iss":"x","_sd":["{{Digest(Total)}}","{{Unknown}}"]}""").Fields);

    [Fact]
    public void Without_a_name_of_the_algorithm_it_is_sha_256() =>
        Assert.Single(Open($$"""{"iss":"x","_sd":["{{Digest(Total)}}"]}""", Total).Fields);

    [Theory]
    [InlineData("\"sha-512\"", ProofFailure.WrongAlgorithm)]
    [InlineData("\"SHA-256\"", ProofFailure.WrongAlgorithm)]
    [InlineData("\"\"", ProofFailure.WrongAlgorithm)]
    [InlineData("null", ProofFailure.Malformed)]
    [InlineData("256", ProofFailure.Malformed)]
    public void Another_algorithm_is_refused(string algorithm, ProofFailure failure) =>
        Refused(failure, $$"""{"iss":"x","_sd":["{{Digest(Total)}}"],"_sd_alg":{{algorithm}}}""", Total);

    [Theory]
    [InlineData("""{"iss":"x","_sd":["TOTAL","TOTAL"]}""")]
    [InlineData("""{"iss":"x","_sd":["TOTAL"],"o":{"_sd":["TOTAL"]}}""")]
    [InlineData("""{"iss":"x","o":{"_sd":["TOTAL"]},"p":{"q":[{"_sd":["TOTAL"]}]}}""")]
    [InlineData("""{"iss":"x","_sd":["TOTAL"],"a":[{"...":"TOTAL"}]}""")]
    [InlineData("""{"iss":"x","_sd":["TOTAL","OTHER","OTHER"]}""")]
    [InlineData("""{"iss":"x","_sd":["TOTAL"],"a":[{"...":"OTHER"},{"...":"OTHER"}]}""")]
    public void The_same_digest_twice_is_refused_wherever_it_stands_and_whether_it_was_shown_or_not(string payload) =>
        Refused(ProofFailure.Malformed, With(payload), Total);

    /// <summary>Also where one of them comes only with what is shown.</summary>
    [Fact]
    public void The_same_digest_in_the_payload_and_in_what_was_shown_is_refused()
    {
        var outer = Disclosure($$"""["c2FsdE","outer",{"_sd":["{{Unknown}}"]}]""");

        Refused(ProofFailure.Malformed, $$"""{"iss":"x","_sd":["{{Digest(outer)}}","{{Unknown}}"]}""", outer);
        Assert.Single(Open($$"""{"iss":"x","_sd":["{{Digest(outer)}}"]}""", outer).Fields);
    }

    [Fact]
    public void What_was_shown_twice_or_stands_nowhere_is_refused()
    {
        Refused(ProofFailure.NotCommitted, With("""{"iss":"x","_sd":["TOTAL"]}"""), Total, Total);
        Refused(ProofFailure.NotCommitted, With("""{"iss":"x","_sd":["TOTAL"]}"""), Total, Stages);
        Refused(ProofFailure.NotCommitted, """{"iss":"x"}""", Total);
    }

    [Fact]
    public void What_stands_only_within_something_that_was_not_shown_is_refused()
    {
        var outer = Disclosure($$"""["c2FsdE","outer",{"_sd":["{{Digest(Total)}}"]}]""");
        var payload = $$"""{"iss":"x","_sd":["{{Digest(outer)}}"]}""";

        Refused(ProofFailure.NotCommitted, payload, Total);
        Assert.Equal("8", Open(payload, Total, outer).Fields["outer"]!["total"]!.GetValue<string>());
    }

    [Theory]
    [InlineData("""["c2FsdA","_sd","8"]""")]
    [InlineData("""["c2FsdA","...","8"]""")]
    [InlineData("""["c2FsdA","_sd_alg","sha-256"]""")]
    [InlineData("""["c2FsdA","iss","somebody else"]""")]
    [InlineData("""["c2FsdA","total"]""")]
    [InlineData("""["c2FsdA","total","8","9"]""")]
    [InlineData("""["c2FsdA",7,"8"]""")]
    [InlineData("""[7,"total","8"]""")]
    [InlineData("""{"total":"8"}""")]
    [InlineData("""["c2FsdA","total",{"a":1,"a":2}]""")]
    public void A_disclosure_that_takes_a_name_it_must_not_or_has_another_form_is_refused(string disclosure) => Refused(
        ProofFailure.Malformed,
        $$"""{"iss":"x","_sd":["{{Digest(Disclosure(disclosure))}}"]}""",
        Disclosure(disclosure));

    [Fact]
    public void A_name_is_taken_at_its_own_level_only()
    {
        var other = Disclosure("""["c2FsdF","total","9"]""");

        Refused(
            ProofFailure.Malformed, $$"""{"_sd":["{{Digest(Total)}}","{{Digest(other)}}"]}""", Total, other);
        Refused(ProofFailure.Malformed, $$"""{"o":{"_sd":["{{Digest(Total)}}"],"total":"9"} }""", Total);
        Assert.Equal("9", Open($$"""{"o":{"total":"9"},"_sd":["{{Digest(Total)}}"]}""", Total).Claims["o"]!["total"]!.GetValue<string>());
    }

    [Fact]
    public void An_element_of_an_array_is_shown_or_left_out()
    {
        var payload = $$"""{"a":["FR",{"...":"{{Digest(Element)}}"},{"...":"{{Unknown}}"}]}""";

        Assert.Equal("""["FR","DE"]""", Open(payload, Element).Claims["a"]!.ToJsonString());
        Assert.Equal("""["FR"]""", Open(payload).Claims["a"]!.ToJsonString());
    }

    [Fact]
    public void A_field_is_no_element_and_an_element_no_field()
    {
        Refused(ProofFailure.Malformed, $$"""{"a":[{"...":"{{Digest(Total)}}"}]}""", Total);
        Refused(ProofFailure.Malformed, $$"""{"_sd":["{{Digest(Element)}}"]}""", Element);
    }

    [Theory]
    [InlineData("""{"_sd":"TOTAL"}""")]
    [InlineData("""{"_sd":null}""")]
    [InlineData("""{"_sd":["TOTAL",7]}""")]
    [InlineData("""{"o":{"_sd":{"a":"TOTAL"}}}""")]
    [InlineData("""{"a":[{"...":7}]}""")]
    [InlineData("""{"a":[{"...":"OTHER","b":1}]}""")]
    [InlineData("""{"...":"OTHER"}""")]
    [InlineData("""{"o":{"...":"OTHER"}}""")]
    public void What_is_kept_for_digests_holds_digests(string payload) =>
        Refused(ProofFailure.Malformed, With(payload));

    [Fact]
    public void Nothing_of_a_statement_is_read_before_its_signature()
    {
        var forged = JsonWebSignature.Sign(PrivateKey.Create(), Type, "not even JSON"u8).Split('.');
        var header = JsonWebSignature.Sign(Signer, Type, "{}"u8).Split('.')[0];

        Assert.Equal(
            ProofFailure.BadSignature,
            Assert.Throws<ProofException>(() => SelectiveStatement.Open(
                $"{header}.{forged[1]}.{forged[2]}~not a disclosure~", Type, KeyOf)).Failure);
    }

    [Fact]
    public void What_digests_leave_behind_is_not_shown()
    {
        var opened = Open($$"""{"iss":"x","_sd":["{{Unknown}}"],"_sd_alg":"sha-256","o":{"_sd":[]} }""");

        Assert.Equal("""{"iss":"x","o":{}}""", opened.Claims.ToJsonString());
    }

    private static string With(string payload) => payload
        .Replace("TOTAL", Digest(Total), StringComparison.Ordinal).Replace("OTHER", Unknown, StringComparison.Ordinal);

    private static string Disclosure(string json) => Text.Encode(Encoding.UTF8.GetBytes(json));

    private static string Digest(string disclosure) => SelectiveStatement.Digest(disclosure);

    private static OpenedStatement Open(string payload, params string[] disclosures) => SelectiveStatement.Open(
        SelectiveStatement.Present(JsonWebSignature.Sign(Signer, Type, Encoding.UTF8.GetBytes(payload)), disclosures),
        Type,
        KeyOf);

    private static void Refused(ProofFailure failure, string payload, params string[] disclosures) =>
        Assert.Equal(failure, Assert.Throws<ProofException>(() => Open(payload, disclosures)).Failure);

    private static PublicKey? KeyOf(string keyId) => keyId == Signer.Public.KeyId ? Signer.Public : null;
}
