using Traceability.Domain.Releases;
using Traceability.Domain.Trades;
using Traceability.Hosting;
using Traceability.Node.Operators;
using Traceability.Node.Statements;
using Traceability.Node.Trades;

namespace Traceability.Node.Releases;

/// <summary>The operator shows fields of a footprint to the customer of one trade.</summary>
/// <param name="TradeId">Which trade.</param>
/// <param name="Fields">What is shown.</param>
/// <param name="Purpose">What for.</param>
/// <param name="ValidUntil">Exclusive; null: without end.</param>
/// <param name="AcceptedFindings">What the customer could work out, and the operator accepts.</param>
internal sealed record GrantRelease(
    TradeId TradeId, IReadOnlyList<FootprintField> Fields, string Purpose, DateTimeOffset? ValidUntil,
    IReadOnlyList<string> AcceptedFindings) : IAct<Decided<Release>>
{
    /// <summary>What a door calls the fields, and how the end is written there.</summary>
    public sealed record Names(string Fields, string Purpose, string ValidUntil, string? WrittenUntil = null);

    public static GrantRelease Read(
        Input input, Names names, TradeId tradeId, FootprintField[] fields, string purpose, DateTimeOffset? validUntil,
        IReadOnlyList<string> acceptedFindings, DateTimeOffset now)
    {
        input.Legal(names.Fields, fields);
        string[] accepted =
        [
            .. acceptedFindings.Index()
                .Select(code => input.OneOf($"accepted_findings[{code.Index}]", code.Item, InferenceCheck.Codes))
                .Distinct().Order(StringComparer.Ordinal),
        ];
        if (validUntil <= now)
        {
            input.Violate(names.ValidUntil, names.WrittenUntil ?? $"{validUntil:u}", "must be in the future.");
        }

        return new(tradeId, fields, input.OneOf(names.Purpose, purpose, Purposes.All), validUntil, accepted);
    }

    public async Task<Decided<Release>> HandleAsync(OperatorSession session, CancellationToken cancellationToken)
    {
        await session.FetchAsync(
            cancellationToken,
            Fetch.Of<Trade>(StreamNames.Trade(TradeId)),
            Fetch.ToDecide<Release>(StreamNames.Release(TradeId)));
        var trade = session.KnownTrade(TradeId);
        trade.MustBeSupplier(session.Operator);
        // Saying again what stands is no new decision.
        if (Decide(session.Known<Release>(StreamNames.Release(TradeId))).Length > 0
            && session.Node.Inference != InferenceMode.Warn)
        {
            await session.FlushAsync(cancellationToken);
            var findings = await InferenceReview.FindingsAsync(
                await session.DocumentsAsync(cancellationToken),
                await session.ConnectionAsync(cancellationToken),
                trade,
                Fields,
                session.Now,
                cancellationToken);
            InferenceRule.Check(session.Node.Inference, findings, AcceptedFindings);
        }

        var decided = await session.DecideAsync<Release>(
            StreamNames.Release(TradeId), Decide, cancellationToken);
        if (decided.Events.Count > 0)
        {
            session.Notify(TradeId, new ReleaseGrantNotice(decided.State.Revision));
            session.TouchAt(trade.SuppliersPart(), ValidUntil);
            await session.TellAsync(trade.SuppliersPart(), TradeId, cancellationToken);
        }

        return decided;

        object[] Decide(Release? existing) => Release.Grant(
            existing, trade, session.Operator, Fields, Purpose, ValidUntil, session.Now, AcceptedFindings);
    }
}
