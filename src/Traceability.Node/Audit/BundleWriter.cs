using System.Globalization;
using System.Text;
using Traceability.Contracts.Broker.V1;
using Traceability.Domain;
using Traceability.Evidence;
using Traceability.Node.Operators;
using Traceability.Proofs.Logs;
using Traceability.Storage.Logs;
using Part = Traceability.Domain.Parts.Part;
using Trade = Traceability.Domain.Trades.Trade;

namespace Traceability.Node.Audit;

/// <summary>Puts together what stands behind one version of a total.</summary>
internal static class BundleWriter
{
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan LookInterval = TimeSpan.FromMilliseconds(100);

    public static async Task<byte[]> WriteAsync(
        HostedOperator op, Part part, long version, TimeProvider clock, CancellationToken cancellationToken)
    {
        var (streams, trades) = await Replay.StreamsAsync(op, part, cancellationToken);
        var (checkpoint, leaves) = await CosignedAsync(op, streams, clock, cancellationToken);
        var size = Checkpoint.Parse(SignedNote.Parse(checkpoint.Note).Text).Size;
        List<BundledEvent> events = [];
        foreach (var leaf in leaves)
        {
            var proof = await op.Log.InclusionProofAsync(leaf.Index, size, cancellationToken);
            events.Add(new(leaf.Event!, leaf.Salt, leaf.PayloadHash, leaf.Index, proof));
        }

        var manifest = new BundleManifest(
            BundleManifest.CurrentFormat, op.OperatorId, part.TraceId, version, op.Keys.PartRef(part.TraceId),
            op.Log.Verifier.ToString(), await WitnessKeyAsync(op, cancellationToken),
            await KeysAsync(op, trades, cancellationToken));
        var bundle = new AuditBundle(manifest, checkpoint.Note, events);
        return bundle.ToZip(Report(part, bundle, BundleVerifier.Verify(bundle)));
    }

    /// <summary>An event is logged and cosigned about a second after it was written.</summary>
    private static async Task<(StoredCheckpoint Checkpoint, IReadOnlyList<LogRow> Leaves)> CosignedAsync(
        HostedOperator op, IReadOnlyCollection<string> streams, TimeProvider clock, CancellationToken cancellationToken)
    {
        var written = (await op.HistoryAsync(streams, cancellationToken)).Count;
        for (var waited = TimeSpan.Zero; waited < Longest; waited += LookInterval)
        {
            var cosigned = await op.Log.CosignedAsync(cancellationToken);
            var leaves = (await op.Log.LeavesAsync(streams, cancellationToken))
                .Where(leaf => leaf.Index < (cosigned?.Size ?? 0) && leaf.Event is not null).ToArray();
            if (leaves.Length >= written)
            {
                return (cosigned!, leaves);
            }

            await Task.Delay(LookInterval, clock, cancellationToken);
        }

        throw new RefusedException(
            RefusalReason.PeerUnavailable,
            "The broker has not cosigned the newest events yet; repeat the call when it answers again.",
            ("peer", "broker"));
    }

    private static async Task<string> WitnessKeyAsync(HostedOperator op, CancellationToken cancellationToken)
    {
        var answer = await op.Broker.Witness.GetBrokerCheckpointAsync(
            new GetBrokerCheckpointRequest(), await op.Broker.CallAsync(cancellationToken));
        var log = NoteVerifier.Parse(answer.VerifierKey);
        return new NoteVerifier(log.Name, NoteSignatureType.Cosignature, log.PublicKey).ToString();
    }

    private static async Task<IReadOnlyList<BundledKey>> KeysAsync(
        HostedOperator op, IReadOnlyList<Trade> trades, CancellationToken cancellationToken)
    {
        List<BundledKey> keys = [];
        foreach (var id in trades.Select(trade => trade.SupplierId).Append(op.OperatorId).Distinct())
        {
            var member = await op.Broker.OperatorAsync(id, cancellationToken);
            keys.AddRange(member.Keys.Where(key => key.Use == KeyUse.Signing).Select(key => new BundledKey(
                id, key.KeyId, key.Jwk, key.ValidFromTime.ToDateTimeOffset(), key.ValidUntilTime?.ToDateTimeOffset())));
        }

        return keys;
    }

    private static string Report(Part part, AuditBundle bundle, BundleReport checks)
    {
        var text = new StringBuilder();
        var versions = bundle.Events.Count(one => one.Event.Type == "footprint_rolled_up");
        text.Append(CultureInfo.InvariantCulture, $"# {part.Name}\n\n");
        text.Append(
            CultureInfo.InvariantCulture,
            $"Version {bundle.Manifest.Version}: {checks.Total ?? "nothing"} kg CO2e per {part.DeclaredUnit}. "
                + $"{bundle.Events.Count} events stand behind it, {versions} of them totals.\n\n## Checked\n\n");
        foreach (var check in checks.Checks)
        {
            var holds = check.Good ? "yes" : "NO";
            text.Append(CultureInfo.InvariantCulture, $"- {holds}: {check.What} ({check.Detail})\n");
        }

        text.Append("\n## Events\n\n| log | when | who | what | because of |\n|---|---|---|---|---|\n");
        foreach (var one in bundle.Events.OrderBy(one => one.Event.Sequence))
        {
            text.Append(
                CultureInfo.InvariantCulture,
                $"| {one.Index} | {one.Event.Time:u} | {one.Event.By} | {one.Event} | {one.Event.Causation} |\n");
        }

        return text.Append("\nAnybody can check this file without a server: `trace audit verify FILE`.\n").ToString();
    }
}
