using Traceability.Broker.Keys;
using Traceability.Domain.Operators;
using Traceability.Proofs.Logs;

namespace Traceability.Broker.Directory;

/// <summary>What is issued under a key of a member from a moment on is not to be believed.</summary>
/// <param name="OperatorId">Whose.</param>
/// <param name="KeyId">Which.</param>
/// <param name="From">From when on.</param>
/// <param name="Signed">Its entry; null where the member has none.</param>
/// <param name="Log">Takes the entry.</param>
internal sealed record RevokeKey(
    OperatorId OperatorId, string KeyId, DateTimeOffset From, SignedKeyEntry? Signed, KeyLog Log)
    : IAct<Decided<Operator>>
{
    public string Turn => StreamNames.Operator(OperatorId);

    public async Task<Decided<Operator>> HandleAsync(BrokerSession session, CancellationToken cancellationToken)
    {
        var stream = StreamNames.Operator(OperatorId);
        var chain = await Log.ChainAsync(session, OperatorId, cancellationToken);
        var decided = await session.DecideAsync<Operator>(
            stream,
            member => Members.Known(member, OperatorId).Revoke(KeyId, From, session.Now),
            cancellationToken);
        if (chain.Entries.Count == 0)
        {
            return decided;
        }

        // A revocation that was carried over from before there was a log changes nothing else.
        var isLogged = chain.Keys.Any(key => key.KeyId == KeyId && key.Revoked && key.ValidUntil <= From);
        if (decided.Events.Count == 0 && (isLogged || Signed is null))
        {
            return decided;
        }

        if (Signed is null)
        {
            throw KeyEntryRule.NotProven(OperatorId.Value, "It comes without an entry.");
        }

        var entry = KeyEntryRule.Judged(OperatorId.Value, () => KeyEntry.Parse(Signed.Entry));
        if (entry.KeyId != KeyId || entry.Act != KeyAct.Revoke || entry.Since != From)
        {
            throw KeyEntryRule.NotProven(OperatorId.Value, "The entry is about another revocation.");
        }

        KeyEntryRule.MustBeDated(decided.State, entry, session.Now);
        KeyEntryRule.Append(chain, Signed, Log.RecoveryDelay);
        await Log.AppendAsync(session, OperatorId, entry.Number, Signed, cancellationToken);
        return decided;
    }
}
