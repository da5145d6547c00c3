using System.Globalization;
using System.Text.Json.Nodes;
using Traceability.Domain.Footprints;
using Traceability.Domain.Quantities;
using Traceability.Domain.Releases;
using Traceability.Proofs;

namespace Traceability.Node.Exchange;

/// <summary>What was read from a statement that holds.</summary>
internal sealed record ReceivedStatement(
    Guid Issuer, string PartRef, long Version, Figures Figures, bool Complete, string DeclaredUnit,
    ReferencePeriod? Period, DateTimeOffset IssuedAt, string KeyId);

/// <summary>How a footprint becomes a statement, and a statement a footprint: an SD-JWT (RFC 9901).</summary>
internal static class StatementForm
{
    public const string Type = "traceability-statement+sd-jwt";
    public const string Method = "cradle-to-gate, kilogram CO2e per declared unit";

    private const string TotalField = "total";
    private const string StagesField = "stages";

    /// <summary>Figures are rounded here, as they leave the company, and nowhere before.</summary>
    public static IssuedStatement Issue(
        PrivateKey key, Guid issuer, string partRef, string declaredUnit, Footprint footprint, DateTimeOffset now)
    {
        var claims = new JsonObject
        {
            ["iss"] = issuer.ToString(),
            ["iat"] = now.ToUnixTimeSeconds(),
            ["part_ref"] = partRef,
            ["version"] = footprint.Version,
            ["declared_unit"] = declaredUnit,
            ["method"] = Method,
            ["complete"] = footprint.Complete,
            ["period_start"] = footprint.Period?.Start.ToString("O", CultureInfo.InvariantCulture),
            ["period_end"] = footprint.Period?.End.ToString("O", CultureInfo.InvariantCulture),
        };
        var figures = footprint.Figures!.Leaving();
        Dictionary<string, JsonNode> fields = new() { [TotalField] = Amount.Format(figures.Total) };
        if (figures.Stages is { } stages)
        {
            fields[StagesField] = new JsonObject(stages.Select(stage => KeyValuePair.Create<string, JsonNode?>(
                stage.Stage.ToString(), Amount.Format(stage.Amount))));
        }

        return SelectiveStatement.Issue(key, Type, claims, fields);
    }

    public static string FieldName(FootprintField field) => field == FootprintField.Stages ? StagesField : TotalField;

    /// <summary>Checks the proof first; then every claim must be there and make sense.</summary>
    public static ReceivedStatement Read(string presentation, Func<string, PublicKey?> keyOf)
    {
        var opened = SelectiveStatement.Open(presentation, Type, keyOf);
        try
        {
            var claims = opened.Claims;
            var stages = opened.Fields.TryGetValue(StagesField, out var split) ? ReadStages(split!.AsObject()) : null;
            var total = opened.Fields.TryGetValue(TotalField, out var text)
                ? ReadAmount(text!)
                : stages?.Sum(stage => stage.Amount) ?? throw new FormatException("No figure was disclosed.");
            return new(
                Guid.Parse(claims["iss"]!.GetValue<string>()),
                claims["part_ref"]!.GetValue<string>(),
                claims["version"]!.GetValue<long>(),
                new Figures(total, stages),
                claims["complete"]!.GetValue<bool>(),
                claims["declared_unit"]!.GetValue<string>(),
                ReadPeriod(claims),
                DateTimeOffset.FromUnixTimeSeconds(claims["iat"]!.GetValue<long>()),
                opened.KeyId);
        }
        catch (Exception exception) when (exception is NullReferenceException or InvalidOperationException
            or FormatException or ArgumentException)
        {
            throw new ProofException(ProofFailure.Malformed, "The statement lacks a claim, or a claim makes no sense.");
        }
    }

    private static StageFigure[] ReadStages(JsonObject stages) =>
    [
        .. stages.Select(stage => new StageFigure(Enum.Parse<LifeCycleStage>(stage.Key), ReadAmount(stage.Value!)))
            .OrderBy(stage => stage.Stage),
    ];

    private static decimal ReadAmount(JsonNode text) =>
        Amount.TryParse(text.GetValue<string>(), out var amount)
            ? amount
            : throw new FormatException("Not an amount.");

    private static ReferencePeriod? ReadPeriod(JsonObject claims) =>
        claims["period_start"] is { } start && claims["period_end"] is { } end
            ? new(Time(start), Time(end))
            : null;

    private static DateTimeOffset Time(JsonNode text) =>
        DateTimeOffset.Parse(text.GetValue<string>(), CultureInfo.InvariantCulture);
}
