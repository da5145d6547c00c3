using System.Text.Json.Serialization;
namespace Traceability.Domain.Products;

/// <summary>
/// The operator said what exports need to know of a product and no footprint says: only what is new or changed. An
/// empty value takes a fact back.
/// </summary>
public record ProductFactsDeclared(
    TraceId TraceId, IReadOnlyDictionary<string, string> Facts, DateTimeOffset DeclaredAt);

/// <summary>
/// A final export left the company: which bytes, of which version, by which rules. The signature is kept, so that the
/// same export is the same file for ever; so is what a document with an id says of itself.
/// </summary>
public record ExportIssued(
    TraceId TraceId, string Export, string RulesVersion, long FootprintVersion, string Sha256, string? Signature,
    DateTimeOffset IssuedAt, string? DocumentId = null, DateTimeOffset? DocumentCreatedAt = null,
    IReadOnlyList<string>? PrecedingIds = null);

/// <summary>What is known of a product besides its footprint.</summary>
public record ProductFacts(TraceId TraceId, IReadOnlyDictionary<string, string> Facts) : IState<ProductFacts>
{
    public string Id { get; init; } = "";

    [JsonIgnore]
    public long StreamVersion { get; init; }

    public static ProductFacts? Evolve(ProductFacts? known, object e) => e switch
    {
        ProductFactsDeclared d => new(d.TraceId, Merged(known?.Facts, d.Facts)),
        _ => known,
    };

    /// <summary>The events that make the facts true; none if they already are.</summary>
    public static object[] Declare(
        ProductFacts? known, TraceId traceId, IReadOnlyDictionary<string, string> facts, DateTimeOffset now)
    {
        var news = facts.Where(fact => (known?.Facts.GetValueOrDefault(fact.Key) ?? "") != fact.Value)
            .OrderBy(fact => fact.Key, StringComparer.Ordinal).ToDictionary();
        return news.Count == 0 ? [] : [new ProductFactsDeclared(traceId, news, now)];
    }

    private static SortedDictionary<string, string> Merged(
        IReadOnlyDictionary<string, string>? known, IReadOnlyDictionary<string, string> said)
    {
        var merged = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (var (name, value) in (known ?? new Dictionary<string, string>()).Concat(said))
        {
            merged[name] = value;
        }

        foreach (var name in merged.Where(fact => fact.Value.Length == 0).Select(fact => fact.Key).ToArray())
        {
            merged.Remove(name);
        }

        return merged;
    }
}

/// <summary>An export that left the company.</summary>
public record IssuedExport(
    TraceId TraceId, string Export, string RulesVersion, long FootprintVersion, string Sha256, string? Signature,
    DateTimeOffset IssuedAt, string? DocumentId = null, DateTimeOffset? DocumentCreatedAt = null,
    IReadOnlyList<string>? PrecedingIds = null) : IState<IssuedExport>
{
    public string Id { get; init; } = "";

    [JsonIgnore]
    public long StreamVersion { get; init; }

    public static IssuedExport? Evolve(IssuedExport? export, object e) => e switch
    {
        ExportIssued i => new(
            i.TraceId, i.Export, i.RulesVersion, i.FootprintVersion, i.Sha256, i.Signature, i.IssuedAt, i.DocumentId,
            i.DocumentCreatedAt, i.PrecedingIds),
        _ => export,
    };
}
