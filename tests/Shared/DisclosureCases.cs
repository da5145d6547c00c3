using System.Text.Json;
using System.Text.Json.Serialization;

namespace Traceability.Tests;

/// <summary>One question to whoever decides about disclosures, and the answer that is right.</summary>
/// <param name="Name">What is asked, as a sentence.</param>
/// <param name="Caller">supplier, buyer, stranger, neighbour or other_customer.</param>
/// <param name="Trade">none, requested, accepted, rejected, cancelled or ended.</param>
/// <param name="Release">What the supplier released; null: nothing, ever.</param>
/// <param name="Purpose">What the disclosure would be for.</param>
/// <param name="Suspended">Who may not take part: supplier, buyer.</param>
/// <param name="Rotated">Whose keys were replaced before: supplier (signing), buyer (sealing).</param>
/// <param name="OtherCustomer">What the same part shows to another customer, if there is one.</param>
/// <param name="Expect">The answer.</param>
public sealed record DisclosureCaseFile(
    string Name, string Caller, string Trade, ReleaseInCase? Release, string Purpose, string[]? Suspended,
    string[]? Rotated, ReleaseInCase? OtherCustomer, ExpectedInCase Expect)
{
    private static readonly JsonSerializerOptions Json = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    };

    public static IReadOnlyList<DisclosureCaseFile> All { get; } =
    [
        .. Directory.EnumerateFiles(Path.Combine(AppContext.BaseDirectory, "disclosure"), "*.json")
            .Order(StringComparer.Ordinal)
            .SelectMany(file => JsonSerializer.Deserialize<DisclosureCaseFile[]>(File.ReadAllText(file), Json)!),
    ];

    public bool IsSuspended(string who) => Suspended?.Contains(who) ?? false;

    public override string ToString() => Name;
}

/// <summary>A release in a case; its end is in seconds from the moment of the question.</summary>
public sealed record ReleaseInCase(string[] Fields, string Purpose, int? UntilSeconds, bool Revoked);

/// <summary>Either the fields that may be shown, or the reason of the refusal.</summary>
public sealed record ExpectedInCase(string[]? Fields, string? Refused);
