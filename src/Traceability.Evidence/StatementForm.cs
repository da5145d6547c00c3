using System.Globalization;
using System.Text.Json.Nodes;
using Traceability.Domain.Footprints;
using Traceability.Domain.Quantities;
using Traceability.Domain.Releases;
using Traceability.Proofs;

namespace Traceability.Evidence;

/// <summary>What was read from a statement that holds.</summary>
public sealed record ReceivedStatement(
    OperatorId Issuer, string PartRef, long Version, Figures Figures, bool Complete, string DeclaredUnit,
    ReferencePeriod? Period, DateTimeOffset IssuedAt, string KeyId, DateTimeOffset? ValidUntil);

/// <summary>How a footprint becomes a statement, and a statement a footprint: an SD-JWT (RFC 9901).</summary>
public static class StatementForm
{
    public const string Type = "traceability-statement+sd-jwt";
    public const string Method = "cradle-to-gate, kilogram CO2e per declared unit";

    private const string TotalField = "total";
    private const string StagesField = "stages";
    private const string RatingField = "rating";
    private const string StageRatingsField = "stage_ratings";
    private const string PrimaryField = "primary";
    private const string ComponentsField = "components";

    /// <summary>As many hashes in every statement: what a company does not know is nobody's business, either.</summary>
    private const int AllFields = 6;

    /// <summary>Figures are rounded here, as they leave the company, and nowhere before.</summary>
    public static IssuedStatement Issue(
        PrivateKey key, OperatorId issuer, string partRef, string declaredUnit, Footprint footprint, DateTimeOffset now)
    {
        var claims = new JsonObject
        {
            ["iss"] = issuer.ToString(),
            ["iat"] = now.ToUnixTimeSeconds(),
            ["part_ref"] = partRef,
            ["version"] = footprint.FootprintVersion,
            ["declared_unit"] = declaredUnit,
            ["method"] = Method,
            ["complete"] = footprint.Complete,
            ["period_start"] = footprint.StandingPeriod?.Start.ToString("O", CultureInfo.InvariantCulture),
            ["period_end"] = footprint.StandingPeriod?.End.ToString("O", CultureInfo.InvariantCulture),
            ["valid_until"] = footprint.StandingValidUntil?.ToString("O", CultureInfo.InvariantCulture),
        };
        var figures = StatedFigures.Of(footprint.Figures!);
        Dictionary<string, JsonNode> fields = new() { [TotalField] = Amount.Format(figures.Total) };
        if (figures.Stages is { } stages)
        {
            fields[StagesField] = Object(stages, stage => $"{stage.Stage}", stage => Amount.Format(stage.Amount));
            var rated = stages.Where(stage => stage.Rating is not null);
            fields[StageRatingsField] = Object(rated, stage => $"{stage.Stage}", stage => Write(stage.Rating!));
        }

        if (figures.Rating is { } rating)
        {
            fields[RatingField] = Write(rating);
        }

        if (figures.Primary is { } primary)
        {
            fields[PrimaryField] = new JsonObject
            {
                ["share"] = Amount.Format(primary.Share),
                ["covered_share"] = Amount.Format(primary.CoveredShare),
            };
        }

        if (figures.Components is { } components)
        {
            fields[ComponentsField] = Object(
                components, one => FigureComponents.Name(one.Component), one => Amount.Format(one.Amount));
        }

        return SelectiveStatement.Issue(key, Type, claims, fields, AllFields);
    }

    /// <summary>
    /// What is opened for a release: scores of stages only together with the stages. Certificates go beside it.
    /// </summary>
    public static IEnumerable<string> FieldNames(IReadOnlyList<FootprintField> fields) => fields.SelectMany(field =>
        field switch
        {
            FootprintField.Stages => [StagesField],
            FootprintField.Rating when fields.Contains(FootprintField.Stages) =>
                [RatingField, PrimaryField, StageRatingsField],
            FootprintField.Rating => [RatingField, PrimaryField],
            FootprintField.Components => [ComponentsField],
            FootprintField.Certificate => [],
            _ => new[] { TotalField },
        });

    /// <summary>
    /// Checks the proof first; then every claim must be there and make sense, and the key must have been valid.
    /// </summary>
    public static ReceivedStatement Read(string presentation, KeyRing keys)
    {
        var statement = Read(SelectiveStatement.Open(presentation, Type, keys.Find));
        keys.MustHaveSigned(statement.Issuer, statement.KeyId, statement.IssuedAt);
        return statement;
    }

    private static ReceivedStatement Read(OpenedStatement opened)
    {
        try
        {
            var claims = opened.Claims;
            if (claims.ContainsKey("exp") || claims.ContainsKey("nbf"))
            {
                // Times of tokens (RFC 9901, section 7.1, step 6) are no times of this form: it has valid_until.
                throw new FormatException("Not a claim of a statement.");
            }

            return new(
                new(Guid.Parse(claims["iss"]!.GetValue<string>())),
                claims["part_ref"]!.GetValue<string>(),
                claims["version"]!.GetValue<long>(),
                ReadFigures(opened.Fields).ToFigures(),
                claims["complete"]!.GetValue<bool>(),
                ReadUnit(claims["declared_unit"]!),
                ReadPeriod(claims),
                DateTimeOffset.FromUnixTimeSeconds(claims["iat"]!.GetValue<long>()),
                opened.KeyId,
                claims["valid_until"] is { } until ? Time(until) : null);
        }
        catch (Exception exception) when (exception is NullReferenceException or InvalidOperationException
            or FormatException or ArgumentException)
        {
            throw new ProofException(ProofFailure.Malformed, "The statement lacks a claim, or a claim makes no sense.");
        }
    }

    private static StatedFigures ReadFigures(IReadOnlyDictionary<string, JsonNode?> fields)
    {
        var ratings = fields.GetValueOrDefault(StageRatingsField)?.AsObject();
        var stages = fields.GetValueOrDefault(StagesField)?.AsObject()
            .Select(stage => new StatedStage(
                Enum.Parse<LifeCycleStage>(stage.Key), ReadAmount(stage.Value!), ReadRating(ratings?[stage.Key])))
            .OrderBy(stage => stage.Stage).ToArray();
        var total = fields.GetValueOrDefault(TotalField) is { } text
            ? ReadAmount(text)
            : stages?.Sum(stage => stage.Amount) ?? throw new FormatException("No figure was disclosed.");
        var primary = fields.GetValueOrDefault(PrimaryField);
        var components = fields.GetValueOrDefault(ComponentsField)?.AsObject()
            .Select(one => new ComponentFigure(ReadComponent(one.Key), ReadAmount(one.Value!)))
            .OrderBy(one => one.Component).ToArray();
        return new(
            total,
            stages,
            ReadRating(fields.GetValueOrDefault(RatingField)),
            primary is null ? null : new(ReadAmount(primary["share"]!), ReadAmount(primary["covered_share"]!)),
            components);
    }

    private static JsonObject Write(StatedRating rating) => new()
    {
        ["technology"] = Amount.Format(rating.Technology),
        ["geography"] = Amount.Format(rating.Geography),
        ["time"] = Amount.Format(rating.Time),
        ["rated_share"] = Amount.Format(rating.RatedShare),
    };

    private static StatedRating? ReadRating(JsonNode? rating) => rating is null
        ? null
        : new(
            ReadAmount(rating["technology"]!), ReadAmount(rating["geography"]!), ReadAmount(rating["time"]!),
            ReadAmount(rating["rated_share"]!));

    private static FigureComponent ReadComponent(string name) =>
        Enum.GetValues<FigureComponent>().Single(component => FigureComponents.Name(component) == name);

    private static JsonObject Object<T>(IEnumerable<T> items, Func<T, string> key, Func<T, JsonNode> value) =>
        new(items.Select(item => KeyValuePair.Create<string, JsonNode?>(key(item), value(item))));

    private static decimal ReadAmount(JsonNode text) =>
        Amount.TryParse(text.GetValue<string>(), out var amount)
            ? amount
            : throw new FormatException("Not an amount.");

    private static string ReadUnit(JsonNode text) =>
        Unit.Find(text.GetValue<string>())?.Name ?? throw new FormatException("Not a unit.");

    private static ReferencePeriod? ReadPeriod(JsonObject claims) =>
        claims["period_start"] is { } start && claims["period_end"] is { } end
            ? new(Time(start), Time(end))
            : null;

    private static DateTimeOffset Time(JsonNode text) =>
        DateTimeOffset.Parse(text.GetValue<string>(), CultureInfo.InvariantCulture);
}
