using System.Text.Json.Serialization;
using Traceability.Domain.Trades;

namespace Traceability.Domain.Releases;

/// <summary>The supplier shows fields of a footprint to the buyer of one trade.</summary>
public record ReleaseGranted(
    TradeId TradeId, IReadOnlyList<FootprintField> Fields, string Purpose, DateTimeOffset? ValidUntil,
    DateTimeOffset GrantedAt, IReadOnlyList<string>? AcceptedFindings = null);

/// <summary>The supplier shows nothing any more.</summary>
public record ReleaseRevoked(TradeId TradeId, DateTimeOffset RevokedAt);

/// <summary>A part of a footprint that can be shown by itself.</summary>
public enum FootprintField
{
    Total = 1,
    Stages = 2,
    Rating = 3,
    Components = 4,
    Certificate = 5,
}

/// <summary>Which fields can be shown together.</summary>
public static class ReleasedFields
{
    /// <summary>What is wrong with a choice of fields; null if nothing is.</summary>
    public static string? Problem(IReadOnlyCollection<FootprintField> fields) =>
        fields.Contains(FootprintField.Total) || fields.Contains(FootprintField.Stages)
            ? null
            : "must name the total or the stages; to show nothing, revoke the release.";
}

/// <summary>What the customer may use a figure for.</summary>
public static class Purposes
{
    public static IReadOnlyList<string> All { get; } = ["product_footprint", "battery_passport", "cbam", "audit"];
}

/// <summary>
/// What one customer may see. Revision counts the supplier's decisions, so that late repeats change nothing.
/// </summary>
public record Release(
    TradeId TradeId, IReadOnlyList<FootprintField> Fields, string Purpose, DateTimeOffset? ValidUntil, bool Revoked,
    DateTimeOffset ChangedAt, long Revision) : IState<Release>
{
    /// <summary>What the supplier knows the customer could work out, and has accepted.</summary>
    public IReadOnlyList<string> AcceptedFindings { get; init; } = [];

    public string Id { get; init; } = "";

    [JsonIgnore]
    public long StreamVersion { get; init; }

    public static Release? Evolve(Release? release, object e) => e switch
    {
        ReleaseGranted g => new(
            g.TradeId, g.Fields, g.Purpose, g.ValidUntil, false, g.GrantedAt, (release?.Revision ?? 0) + 1)
        {
            AcceptedFindings = g.AcceptedFindings ?? [],
        },
        ReleaseRevoked r => release! with
        {
            Fields = [],
            Revoked = true,
            ChangedAt = r.RevokedAt,
            Revision = release.Revision + 1,
        },
        _ => release,
    };

    /// <summary>Whether anything is shown at that time.</summary>
    public bool InForce(DateTimeOffset time) =>
        !Revoked && Fields.Count > 0 && (ValidUntil is null || time < ValidUntil);

    /// <summary>Whether the field is shown at that time; null: any.</summary>
    public bool Shows(FootprintField? field, DateTimeOffset time) =>
        InForce(time) && (field is null || Fields.Contains(field.Value));

    /// <summary>The events that make the release true; none if it already is.</summary>
    public static object[] Grant(
        Release? existing, Trade trade, OperatorId by, IReadOnlyList<FootprintField> fields, string purpose,
        DateTimeOffset? validUntil, DateTimeOffset now, IReadOnlyList<string>? acceptedFindings = null)
    {
        trade.MustBeSupplier(by);
        if (trade.Status != TradeStatus.Accepted)
        {
            throw trade.NotAccepted();
        }

        IReadOnlyList<FootprintField> wanted = [.. fields.Distinct().Order()];
        var same = existing is { Revoked: false }
            && existing.Fields.SequenceEqual(wanted)
            && existing.AcceptedFindings.SequenceEqual(acceptedFindings ?? [])
            && (existing.Purpose, existing.ValidUntil) == (purpose, validUntil);
        return same ? [] : [new ReleaseGranted(trade.TradeId, wanted, purpose, validUntil, now, acceptedFindings)];
    }

    /// <summary>Its end was set when it was granted, and has come.</summary>
    public bool HasRunOut(DateTimeOffset time) => !Revoked && ValidUntil <= time;

    /// <summary>The events that end the release; none if there is nothing to end.</summary>
    public static object[] Revoke(Release? existing, Trade trade, OperatorId by, DateTimeOffset now)
    {
        trade.MustBeSupplier(by);
        return existing is null or { Revoked: true } ? [] : [new ReleaseRevoked(trade.TradeId, now)];
    }
}
