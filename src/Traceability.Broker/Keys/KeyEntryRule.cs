using Traceability.Proofs;
using Traceability.Proofs.Logs;
using KeyUse = Traceability.Domain.Operators.KeyUse;
using Operator = Traceability.Domain.Operators.Operator;

namespace Traceability.Broker.Keys;

/// <summary>What the broker asks of an entry beyond what everybody can check of it.</summary>
internal static class KeyEntryRule
{
    /// <summary>Entries carry the time of the company's clock, by which its keys are judged for ever.</summary>
    private static readonly TimeSpan MaxClockDifference = TimeSpan.FromMinutes(5);

    /// <exception cref="RefusedException">It does not follow from those before it.</exception>
    public static KeyChain Append(KeyChain chain, SignedKeyEntry signed, TimeSpan delay) =>
        Judged(chain.OwnerId, () => chain.Append(signed, delay));

    /// <summary>The first key, and one that takes the place of a lost one, are those that were compared.</summary>
    public static void MustBeCompared(Operator member, KeyEntry entry)
    {
        var compared = member.ComparedFingerprint;
        var wrong = entry switch
        {
            { Act: KeyAct.Recover } => compared != entry.KeyId,
            { Number: 0 } => compared is not null && compared != entry.KeyId,
            _ => false,
        };
        if (wrong)
        {
            throw NotProven(member.OperatorId.Value, "It is not the key whose fingerprint was compared.");
        }
    }

    /// <summary>What was published before there was a log keeps its times; all else is dated now.</summary>
    public static void MustBeDated(Operator member, KeyEntry entry, DateTimeOffset now)
    {
        var carried = entry.Act != KeyAct.Publish || entry.Since == entry.Time
            || member.Keys.Any(key => key.KeyId == entry.KeyId && key.ValidFrom == entry.Since);
        if (!carried || (entry.Time - now).Duration() > MaxClockDifference)
        {
            throw NotProven(
                member.OperatorId.Value,
                $"The entry is dated {entry.Time:u}, and the broker's clock says {now:u}: set the clock of the node.");
        }
    }

    public static KeyUse UseOf(KeyEntry entry) => entry.Use switch
    {
        KeyUses.Signing => KeyUse.Signing,
        KeyUses.Sealing => KeyUse.Sealing,
        _ => KeyUse.Log,
    };

    public static T Judged<T>(Guid ownerId, Func<T> judge)
    {
        try
        {
            return judge();
        }
        catch (ProofException exception)
        {
            throw NotProven(ownerId, exception.Message);
        }
    }

    public static RefusedException NotProven(Guid ownerId, string why) => new(
        RefusalReason.KeyNotProven, $"The key is not taken into the key log. {why}", ("operator_id", $"{ownerId}"));
}
