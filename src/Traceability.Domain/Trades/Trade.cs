using System.Text.Json.Serialization;
using Traceability.Domain.Quantities;
using Traceability.Domain.Writings;

namespace Traceability.Domain.Trades;

/// <summary>
/// A buyer asked a supplier for the footprint of a part. Each side stores it; only the buyer has the part.
/// </summary>
public record TradeRequested(
    TradeId TradeId, OperatorId BuyerId, OperatorId SupplierId, TraceId? DownstreamTraceId, string Message,
    DateTimeOffset? DueAt,
    DateTimeOffset RequestedAt, string? DeclaredUnit = null);

/// <summary>
/// The supplier named its part. The supplier's node has the part, the buyer's and the broker its pseudonym.
/// </summary>
public record TradeAccepted(TradeId TradeId, TraceId? UpstreamTraceId, string PartRef, DateTimeOffset AcceptedAt);

/// <summary>The supplier says no.</summary>
public record TradeRejected(TradeId TradeId, string Message, DateTimeOffset RejectedAt);

/// <summary>The buyer withdrew the request.</summary>
public record TradeCancelled(TradeId TradeId, DateTimeOffset CancelledAt);

/// <summary>One side ended the trade: what was told stays told, nothing new is.</summary>
public record TradeEnded(TradeId TradeId, OperatorId By, DateTimeOffset EndedAt);

public enum TradeStatus
{
    Requested = 1,
    Accepted = 2,
    Rejected = 3,
    Cancelled = 4,
    Ended = 5,
}

/// <summary>A trade, folded from its events: the same rules bind buyer, supplier and broker.</summary>
public record Trade(
    TradeId TradeId, OperatorId BuyerId, OperatorId SupplierId, TradeStatus Status, TraceId? DownstreamTraceId,
    TraceId? UpstreamTraceId,
    string? PartRef, string Message, string RejectMessage, DateTimeOffset? DueAt, DateTimeOffset RequestedAt)
    : IState<Trade>
{
    /// <summary>A question or an answer between people, not a document.</summary>
    public const int MaxMessage = 1000;

    /// <summary>What the buyer's figures are per: the supplier's must convert to it by a fixed factor.</summary>
    public string? DeclaredUnit { get; init; }

    public string Id { get; init; } = "";

    [JsonIgnore]
    public long StreamVersion { get; init; }

    public static Trade? Evolve(Trade? trade, object e) => e switch
    {
        TradeRequested r => new(
            r.TradeId, r.BuyerId, r.SupplierId, TradeStatus.Requested, r.DownstreamTraceId, null, null, r.Message, "",
            r.DueAt, r.RequestedAt)
        {
            DeclaredUnit = r.DeclaredUnit,
        },
        TradeAccepted a => trade! with
        {
            Status = TradeStatus.Accepted,
            UpstreamTraceId = a.UpstreamTraceId,
            PartRef = a.PartRef,
        },
        TradeRejected r => trade! with { Status = TradeStatus.Rejected, RejectMessage = r.Message },
        TradeCancelled => trade! with { Status = TradeStatus.Cancelled },
        TradeEnded => trade! with { Status = TradeStatus.Ended },
        EventMasked { Version: 1 } => trade! with { Message = Masking.Mask },
        EventMasked => trade! with { RejectMessage = Masking.Mask },
        _ => trade,
    };

    /// <summary>Whether something may still come of it.</summary>
    public bool IsOpen => Status is TradeStatus.Requested or TradeStatus.Accepted;

    /// <summary>Whether it asks for the part, or is answered with it.</summary>
    public bool IsAbout(TraceId part) => part == DownstreamTraceId || part == UpstreamTraceId;

    /// <summary>The buyer's own part, at its node. Others do not know it.</summary>
    public TraceId BuyersPart() =>
        DownstreamTraceId ?? throw RefusedException.NotDisclosed("Trade", "trade_id", TradeId);

    /// <summary>The supplier's own part, at its node. Others do not know it.</summary>
    public TraceId SuppliersPart() =>
        UpstreamTraceId ?? throw RefusedException.NotDisclosed("Trade", "trade_id", TradeId);

    /// <summary>The events that make the request true; none if it already is.</summary>
    public static object[] Request(Trade? existing, TradeRequested request)
    {
        if (request.BuyerId == request.SupplierId)
        {
            // Whoever is both sides at once would have an answer without a part, or a part without an answer.
            throw new InvalidRequestException(
                [new("supplier_operator_id", $"is {request.SupplierId}, who asks; must be another company.")]);
        }

        if (existing is null)
        {
            return [request];
        }

        // A trade id taken by others must look like any other id that is not the caller's.
        existing.MustConcern(request.BuyerId);
        string[] other =
        [
            .. existing.SupplierId == request.SupplierId ? Array.Empty<string>() : ["supplier"],
            .. existing.DownstreamTraceId == request.DownstreamTraceId ? Array.Empty<string>() : ["part"],
            .. Writing.Same(existing.Message, request.Message) ? Array.Empty<string>() : ["message"],
            .. existing.DueAt == request.DueAt ? Array.Empty<string>() : ["due time"],
        ];
        return existing.BuyerId == request.BuyerId && other.Length == 0
            ? []
            : throw new RefusedException(
                RefusalReason.AlreadyExists,
                existing.BuyerId == request.BuyerId
                    ? $"Trade {request.TradeId} was requested with another {string.Join(" and another ", other)}, "
                        + "which cannot change. Cancel it, and request anew with a new id."
                    : $"Trade id {request.TradeId} is taken by another trade; choose a new one.",
                ("trade_id", request.TradeId.ToString()));
    }

    /// <param name="upstreamTraceId">The supplier's own part; only its node knows it.</param>
    /// <param name="unit">What that part's figures are per, where it is known.</param>
    /// <param name="partRef">The pseudonym by which everybody else knows the part.</param>
    /// <param name="by">Who says so.</param>
    /// <param name="now">The time.</param>
    public object[] Accept(TraceId? upstreamTraceId, Unit? unit, string partRef, OperatorId by, DateTimeOffset now)
    {
        MustBeSupplier(by);
        if (unit is not null && DeclaredUnit is not null)
        {
            _ = new Quantity(1, Unit.Find(DeclaredUnit)!).In(unit);
        }

        return Status switch
        {
            TradeStatus.Requested => [new TradeAccepted(TradeId, upstreamTraceId, partRef, now)],
            TradeStatus.Accepted when PartRef == partRef => [],
            _ => throw AlreadyAnswered(),
        };
    }

    public object[] Reject(string message, OperatorId by, DateTimeOffset now)
    {
        MustBeSupplier(by);
        return Status switch
        {
            TradeStatus.Requested => [new TradeRejected(TradeId, message, now)],
            TradeStatus.Rejected => [],
            _ => throw AlreadyAnswered(),
        };
    }

    public object[] Cancel(OperatorId by, DateTimeOffset now)
    {
        if (by != BuyerId)
        {
            throw RefusedException.NotDisclosed("Trade", "trade_id", TradeId);
        }

        return Status switch
        {
            TradeStatus.Requested => [new TradeCancelled(TradeId, now)],
            TradeStatus.Cancelled => [],
            _ => throw AlreadyAnswered(),
        };
    }

    /// <summary>Either side may end what was accepted.</summary>
    public object[] End(OperatorId by, DateTimeOffset now)
    {
        MustConcern(by);
        return Status switch
        {
            TradeStatus.Accepted => [new TradeEnded(TradeId, by, now)],
            TradeStatus.Ended => [],
            _ => throw NotAccepted(),
        };
    }

    /// <summary>Only what was accepted, and has not ended, can be shown or ended.</summary>
    public RefusedException NotAccepted() => new(
        RefusalReason.TradeNotAccepted,
        $"Trade {TradeId} is {Status.ToString().ToLowerInvariant()}, not accepted.",
        ("trade_id", TradeId.ToString()),
        ("status", Status.ToString()));

    /// <summary>Buyer and supplier know of the trade; to everybody else it does not exist.</summary>
    public void MustConcern(OperatorId caller)
    {
        if (caller != BuyerId && caller != SupplierId)
        {
            throw RefusedException.NotDisclosed("Trade", "trade_id", TradeId);
        }
    }

    /// <summary>Comes before any look at the state: a stranger must not learn where the trade stands.</summary>
    public void MustBeSupplier(OperatorId caller)
    {
        if (caller != SupplierId)
        {
            throw RefusedException.NotDisclosed("Trade", "trade_id", TradeId);
        }
    }

    private RefusedException AlreadyAnswered() => new(
        RefusalReason.TradeAlreadyAnswered,
        $"Trade {TradeId} was already answered or cancelled ({Status}).",
        ("trade_id", TradeId.ToString()),
        ("status", Status.ToString()));
}
