using System.Security.Cryptography;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using Traceability.Domain;
using Traceability.Domain.Footprints;
using Traceability.Domain.Parts;
using Traceability.Evidence;
using Traceability.Exports.Documents;
using Traceability.Exports.Rules;
using static Traceability.Exports.ExportValue;

namespace Traceability.Exports;

/// <summary>Where one number of an export came from.</summary>
/// <param name="Path">In the export.</param>
/// <param name="Value">As it is written there; in text, which no reader rounds.</param>
/// <param name="Unit">Its unit.</param>
/// <param name="Rule">The value's name among the sources of the rule table.</param>
[JsonNumberHandling(JsonNumberHandling.WriteAsString | JsonNumberHandling.AllowReadingFromString)]
public sealed record ExportedNumber(string Path, decimal Value, string? Unit, string Rule);

/// <summary>
/// What lies beside an export: enough to compute every number again, for the company and whoever it trusts with that.
/// It names no supplier and no line.
/// </summary>
/// <param name="File">The export's name.</param>
/// <param name="Sha256">Of its bytes, in hex.</param>
/// <param name="Export">The rule table.</param>
/// <param name="RulesVersion">Its version.</param>
/// <param name="OperatorId">Whose part.</param>
/// <param name="TraceId">The part.</param>
/// <param name="FootprintVersion">The version that was exported.</param>
/// <param name="AsOf">The moment whose rules and facts count.</param>
/// <param name="Statement">The part's name in the signed statement of that version.</param>
/// <param name="Draft">Whether it is incomplete.</param>
/// <param name="Facts">What was declared and goes into the numbers, or stands in the export.</param>
/// <param name="Numbers">Each number, in order.</param>
/// <param name="DeclaredUnit">That of the part, whatever the export is per; null in files from before.</param>
public sealed record ExportProvenance(
    string File, string Sha256, string Export, string RulesVersion, OperatorId OperatorId, TraceId TraceId,
    long FootprintVersion, DateTimeOffset AsOf, string Statement, bool Draft,
    IReadOnlyDictionary<string, string> Facts, IReadOnlyList<ExportedNumber> Numbers, string? DeclaredUnit = null)
{
    public const string Extension = "provenance.json";

    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web)
    {
        WriteIndented = true,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    public static ExportProvenance Of(string file, byte[] bytes, ExportReview review) => new(
        file,
        Hash(bytes),
        review.Table.Export,
        review.Table.Version,
        review.Input.OperatorId,
        review.Input.TraceId,
        review.Input.Version,
        review.Input.AsOf,
        review.Input.PartRef,
        !review.Final,
        review.Input.Facts,
        [.. review.Fields.Select(NumberOf).OfType<ExportedNumber>()],
        review.Input.DeclaredUnit);

    private static ExportedNumber? NumberOf(ReviewedField field) =>
        field is { Value: Number(var number), Rule: { From: { } source, Unit: { } unit } rule }
            ? new(rule.Path, number, unit, source)
            : null;

    public static string Hash(byte[] bytes) => Convert.ToHexStringLower(SHA256.HashData(bytes));

    /// <summary>Holds every number against the events in an audit bundle.</summary>
    public IReadOnlyList<BundleCheck> CheckAgainst(AuditBundle bundle)
    {
        var (manifest, report) = (bundle.Manifest, BundleVerifier.Verify(bundle));
        var wrong = report.Figures is null
            ? "the bundle shows no figures"
            : WrongUnit(bundle) ?? WrongBy(report.Figures);
        return
        [
            new(
                "The bundle is about the same version",
                (manifest.TraceId, manifest.Version) == (TraceId, FootprintVersion),
                $"{manifest.TraceId}, version {manifest.Version}"),
            .. report.Checks,
            new(
                "Every number comes out again from the events in the bundle",
                wrong is null,
                wrong ?? $"numbers: {Numbers.Count}"),
        ];
    }

    /// <summary>Numbers per another unit than that of the part would come out, too.</summary>
    private string? WrongUnit(AuditBundle bundle)
    {
        var registered = bundle.Events.Select(Registered).FirstOrDefault(part => part?.TraceId == TraceId);
        return DeclaredUnit is null || registered is null || registered.DeclaredUnit == DeclaredUnit
            ? null
            : $"the part is declared per {registered.DeclaredUnit}, and not per {DeclaredUnit}";
    }

    /// <summary>What is masked could say anything.</summary>
    private static PartRegistered? Registered(BundledEvent one)
    {
        try
        {
            return one.Salt is not null && EventNames.Find(one.Event.Type) == typeof(PartRegistered)
                ? JsonSerializer.Deserialize<PartRegistered>(one.Event.Data, EventJson.Options)
                : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    /// <summary>The first number that does not come out again; null if all do.</summary>
    private string? WrongBy(Figures figures)
    {
        ExportInput input = new(
            OperatorId, TraceId, DeclaredUnit ?? "", Statement, FootprintVersion, StatedFigures.Of(figures), !Draft,
            null, AsOf, Facts, AsOf, []);
        var sources = ExportSources.Of(input);
        if (ExportFormats.Versions(Export).FirstOrDefault(table => table.Version == RulesVersion) is { } table)
        {
            UnitConversion.Apply(sources, table.Units);
        }

        return Numbers.FirstOrDefault(number => sources.Number(number.Rule) != number.Value) is { } wrong
            ? $"{wrong.Path} is {wrong.Value}, and comes out as {sources.Number(wrong.Rule)?.ToString() ?? "nothing"}"
            : null;
    }

    public byte[] ToJson() => JsonSerializer.SerializeToUtf8Bytes(this, Json);

    /// <exception cref="JsonException">It is none.</exception>
    public static ExportProvenance FromJson(byte[] bytes) =>
        JsonSerializer.Deserialize<ExportProvenance>(bytes, Json) ?? throw new JsonException("It is empty.");
}
