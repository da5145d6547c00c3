using System.Buffers.Text;
using System.Text.Json.Nodes;
using Traceability.Contracts.Broker.V1;
using Traceability.Domain.Certificates;
using Traceability.Domain.Footprints;
using Traceability.Domain.Releases;
using Traceability.Evidence;
using Traceability.Proofs;
using Traceability.UnitTests.Domain;
using Xunit;

namespace Traceability.UnitTests.Proofs;

/// <summary>
/// All that a customer sees of a company, by name: docs/SECURITY.md says why each of it is needed. A new name here is a
/// decision there first.
/// </summary>
public sealed class CustomerMessageTests
{
    private static readonly DateTimeOffset Now = new(2026, 11, 27, 9, 0, 0, TimeSpan.Zero);
    private static readonly ReferencePeriod Year = new(Now.AddYears(-1), Now);

    [Fact]
    public void Every_customer_sees_these_claims_of_a_statement_and_no_others()
    {
        var (header, claims) = Read(Issue(Everything()).Signature);
        Assert.Equal(["alg", "kid", "typ"], Names(header));
        Assert.Equal(
            [
                "_sd", "_sd_alg", "complete", "declared_unit", "iat", "iss", "method", "part_ref", "period_end",
                "period_start", "valid_until", "version",
            ],
            Names(claims));
        Assert.Equal(Now.ToUnixTimeSeconds(), claims["iat"]!.GetValue<long>());
    }

    [Theory]
    [InlineData(FootprintField.Total, "total")]
    [InlineData(FootprintField.Stages, "stages")]
    [InlineData(FootprintField.Rating, "rating", "primary")]
    [InlineData(FootprintField.Components, "components")]
    [InlineData(FootprintField.Certificate)]
    public void A_released_field_opens_these_and_no_others(FootprintField field, params string[] opened) =>
        Assert.Equal(opened, StatementForm.FieldNames([field]));

    /// <summary>Scores of stages are shown only to who sees the stages and the scores.</summary>
    [Fact]
    public void All_released_fields_open_what_the_statement_has() => Assert.Equal(
        Issue(Everything()).Disclosures.Keys.Order(StringComparer.Ordinal),
        StatementForm.FieldNames(Enum.GetValues<FootprintField>()).Order(StringComparer.Ordinal));

    [Fact]
    public void The_number_of_hashes_does_not_tell_what_else_there_is()
    {
        var (_, all) = Read(Issue(Everything()).Signature);
        var (_, little) = Read(Issue(Footprint(Figures.Of([new(LifeCycleStage.MainProduction, 3)]))).Signature);
        Assert.Equal(6, all["_sd"]!.AsArray().Count);
        Assert.Equal(6, little["_sd"]!.AsArray().Distinct().Count());
        Assert.Equal(Names(all), Names(little));
    }

    [Fact]
    public void A_certificate_says_these_and_nothing_else()
    {
        var key = PrivateKey.Create();
        var certificate = new StatedCertificate(Guid.CreateVersion7(), "Verifier", 1, Now, Now.AddYears(1));
        var (header, claims) = Read(CertificateForm.Sign(key, Any.Operator(), "ref", certificate, Now));
        Assert.Equal(["alg", "kid", "typ"], Names(header));
        Assert.Equal(
            ["certificate_id", "iat", "iss", "part_ref", "valid_from", "valid_until", "verifier", "version"],
            Names(claims));
    }

    [Fact]
    public void What_goes_around_it_says_these_and_nothing_else()
    {
        Assert.Equal(["message_id", "purpose", "sealed_statement", "trade_id"], Fields(SubmitDisclosureRequest.Descriptor));
        Assert.Equal(["sealed_statement"], Fields(DisclosureNotice.Descriptor));
        Assert.Equal(
            ["message_id", "sender_operator_id", "signed_act", "submit_time", "traceparent", "trade_id"],
            MailboxMessage.Descriptor.Fields.InDeclarationOrder()
                .Where(field => field.ContainingOneof is null).Select(field => field.Name).Order(StringComparer.Ordinal));

        static IEnumerable<string> Fields(Google.Protobuf.Reflection.MessageDescriptor type) =>
            type.Fields.InDeclarationOrder().Select(field => field.Name).Order(StringComparer.Ordinal);
    }

    private static IssuedStatement Issue(Footprint footprint)
    {
        var key = PrivateKey.Create();
        return StatementForm.Issue(key, Any.Operator(), "ref", "piece", footprint, Now);
    }

    private static Footprint Everything() => Footprint(Figures.Of(
        [new(LifeCycleStage.MainProduction, 3, Rating.Of(3, 1, 2, 3))],
        0.5m,
        [new(FigureComponent.Biogenic, 1)]));

    private static Footprint Footprint(Figures figures) =>
        Traceability.Domain.Footprints.Footprint.Unknown(Any.Part()) with
        {
            Figures = figures,
            Complete = true,
            FootprintVersion = 1,
            StandingPeriod = Year,
            StandingValidUntil = Now.AddYears(1),
        };

    private static (JsonObject Header, JsonObject Claims) Read(string signature)
    {
        var parts = signature.Split('.');
        return (Part(parts[0]), Part(parts[1]));

        static JsonObject Part(string text) => JsonNode.Parse(Base64Url.DecodeFromChars(text))!.AsObject();
    }

    private static IEnumerable<string> Names(JsonObject value) =>
        value.Select(one => one.Key).Order(StringComparer.Ordinal);
}
