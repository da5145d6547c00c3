using Traceability.Domain.Footprints;
using Traceability.Domain.Parts;
using Traceability.Domain.Quantities;
using Traceability.Domain.Trades;
using Traceability.Evidence;
using Traceability.Node.Operators;
using Traceability.Node.Trades;
using Traceability.Proofs;

namespace Traceability.Node.Footprints;

/// <summary>A disclosure that was opened, and whose signatures hold.</summary>
/// <param name="Statement">What it says.</param>
/// <param name="Presentation">As it came: the evidence.</param>
/// <param name="Certificates">What came with it.</param>
internal sealed record OpenedDisclosure(
    ReceivedStatement Statement, string Presentation, IReadOnlyList<ReceivedCertificate> Certificates);

/// <summary>
/// A supplier has disclosed its total. What cannot be believed changes nothing, and is kept as evidence.
/// </summary>
/// <param name="TradeId">Under which trade.</param>
/// <param name="Sender">Who sent it.</param>
/// <param name="Disclosure">What it says; null if it could not be opened.</param>
/// <param name="Failure">Why it could not.</param>
/// <param name="Sealed">As it came.</param>
internal sealed record ReceiveTotal(
    TradeId TradeId, OperatorId Sender, OpenedDisclosure? Disclosure, ProofFailure? Failure, string Sealed)
    : IAct<Decided<UpstreamTotal>>
{
    public async Task<Decided<UpstreamTotal>> HandleAsync(
        OperatorSession session, CancellationToken cancellationToken)
    {
        await session.FetchAsync(
            cancellationToken,
            Fetch.Of<Trade>(StreamNames.Trade(TradeId)),
            Fetch.ToDecide<UpstreamTotal>(StreamNames.Upstream(TradeId)));
        var trade = session.KnownTrade(TradeId);
        trade.MustBeSupplier(Sender);
        var part = await session.ReadAsync<Part>(
            StreamNames.Part(trade.BuyersPart()), cancellationToken);
        var decided = await session.DecideAsync<UpstreamTotal>(
            StreamNames.Upstream(TradeId),
            existing => (Failure ?? Unfit(trade, part!)) is { } failure
                ? [new DisclosureRefused(TradeId, failure.ToString(), Sealed, session.Now)]
                : UpstreamTotal.Receive(existing, Received(trade, session.Now), Sealed),
            cancellationToken);
        if (decided.Events.Any(e => e is UpstreamTotalReceived))
        {
            session.Touch(part!.TraceId);
            session.TouchAt(part.TraceId, decided.State.ValidUntil);
        }

        return decided;
    }

    /// <summary>
    /// It must be about this trade's part, by this trade's supplier; and figures per piece say nothing about a
    /// kilogram.
    /// </summary>
    private ProofFailure? Unfit(Trade trade, Part part)
    {
        var statement = Disclosure!.Statement;
        var fits = statement.Issuer == trade.SupplierId && statement.PartRef == trade.PartRef
            && Unit.Find(statement.DeclaredUnit)!.ConvertsTo(part.Unit);
        return fits ? null : ProofFailure.NotCommitted;
    }

    private UpstreamTotalReceived Received(Trade trade, DateTimeOffset now)
    {
        var statement = Disclosure!.Statement;
        return new(
            TradeId, trade.BuyersPart(), statement.Version, statement.Figures, statement.Complete,
            statement.DeclaredUnit, statement.Period, Disclosure.Presentation, now, statement.ValidUntil,
            Disclosure.Certificates.Count == 0 ? null : Disclosure.Certificates, statement.KeyId);
    }
}
