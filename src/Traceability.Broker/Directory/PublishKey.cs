using Traceability.Broker.Keys;
using Traceability.Domain.Operators;
using Traceability.Proofs.Logs;

namespace Traceability.Broker.Directory;

/// <summary>
/// A member puts a key into use; the one before it ends. Publishing it again changes nothing. What is said of keys is
/// in the key log with it, or is not said.
/// </summary>
/// <param name="OperatorId">Whose.</param>
/// <param name="KeyId">Its thumbprint.</param>
/// <param name="Use">What for.</param>
/// <param name="Jwk">The key.</param>
/// <param name="Signed">Its entry; null from a node that knows of none, for a key that is in use already.</param>
/// <param name="Log">Takes the entry.</param>
internal sealed record PublishKey(
    OperatorId OperatorId, string KeyId, KeyUse Use, string Jwk, SignedKeyEntry? Signed, KeyLog Log)
    : IAct<Decided<Operator>>
{
    public string Turn => StreamNames.Operator(OperatorId);

    public async Task<Decided<Operator>> HandleAsync(BrokerSession session, CancellationToken cancellationToken)
    {
        var stream = StreamNames.Operator(OperatorId);
        var member = Members.Known(await session.ReadAsync<Operator>(stream, cancellationToken), OperatorId);
        member.MustBeActive();
        var chain = await Log.ChainAsync(session, OperatorId, cancellationToken);
        if (Signed is null || chain.Keys.Any(key => key.KeyId == KeyId))
        {
            return await session.DecideAsync<Operator>(stream, _ => AsItStands(member), cancellationToken);
        }

        var entry = KeyEntryRule.Judged(OperatorId.Value, () => KeyEntry.Parse(Signed.Entry));
        if (entry.KeyId != KeyId || KeyEntryRule.UseOf(entry) != Use || entry.Act == KeyAct.Revoke)
        {
            throw KeyEntryRule.NotProven(OperatorId.Value, "The entry is about another key.");
        }

        KeyEntryRule.MustBeDated(member, entry, session.Now);
        KeyEntryRule.MustBeCompared(member, entry);
        KeyEntryRule.Append(chain, Signed, Log.RecoveryDelay);
        var decided = await session.DecideAsync<Operator>(
            stream,
            _ => entry.Since < entry.Time ? [] : member.Publish(KeyId, Use, Jwk, entry.Since, session.Now),
            cancellationToken);
        await Log.AppendAsync(session, OperatorId, entry.Number, Signed, cancellationToken);
        return decided;
    }

    private object[] AsItStands(Operator member) =>
        member.Keys.Any(key => key.KeyId == KeyId && key.Use == Use && key.ValidUntil is null)
            ? []
            : throw KeyEntryRule.NotProven(OperatorId.Value, "It is not the key in use, or it comes without an entry.");
}
