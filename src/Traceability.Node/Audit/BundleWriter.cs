using System.Globalization;
using System.Text;
using Traceability.Contracts.Broker.V1;
using Traceability.Domain.Footprints;
using Traceability.Domain.Statements;
using Traceability.Evidence;
using Traceability.Node.Operators;
using Traceability.Proofs.Logs;
using Traceability.Storage.Logs;
using Part = Traceability.Domain.Parts.Part;
using Trade = Traceability.Domain.Trades.Trade;

namespace Traceability.Node.Audit;

/// <summary>
/// Puts together what stands behind one version of a total; without the bill of materials, what was signed for
/// customers, and of everything else only that it is logged.
/// </summary>
internal static class BundleWriter
{
    public static async Task<byte[]> WriteAsync(
        HostedOperator op, Part part, long version, AuditScope scope, TimeProvider clock,
        CancellationToken cancellationToken)
    {
        var (streams, trades) = scope.WithBillOfMaterials
            ? await Replay.StreamsAsync(op, part, cancellationToken)
            : (Replay.OwnStreams(op, part), []);
        await using var session = op.Query();
        var history = scope.Of(part, await session.HistoryAsync(streams, cancellationToken));
        if (!scope.WithBillOfMaterials && !history.Any(e => e.Data is StatementIssued one && one.Version == version))
        {
            throw RefusedException.NotDisclosed("Footprint", "trace_id", part.TraceId);
        }

        var (checkpoint, leaves) = await CosignedAsync(op, history, clock, cancellationToken);
        var size = Checkpoint.Parse(SignedNote.Parse(checkpoint.Note).Text).Size;
        List<BundledEvent> events = [];
        var proofs = await op.Log.InclusionProofsAsync(
            [.. leaves.Select(one => one.Leaf.Index)], size, cancellationToken);
        foreach (var ((leaf, e), proof) in leaves.Zip(proofs))
        {
            events.Add(scope.Shows(e.Data)
                ? new(leaf.Event!, leaf.Salt, leaf.PayloadHash, leaf.Index, proof)
                : new(leaf.Event! with { Data = "" }, null, leaf.PayloadHash, leaf.Index, proof));
        }

        var manifest = new BundleManifest(
            BundleManifest.CurrentFormat, op.OperatorId, part.TraceId, version, op.Keys.PartRef(part.TraceId),
            op.Log.Verifier.ToString(), await WitnessKeyAsync(op, cancellationToken),
            await KeysAsync(op, trades, cancellationToken), scope.WithBillOfMaterials ? null : true);
        var bundle = new AuditBundle(manifest, checkpoint.Note, events);
        return bundle.ToZip(Report(part, bundle, BundleVerifier.Verify(bundle)));
    }

    private static async Task<(StoredCheckpoint, IReadOnlyList<(LogRow Leaf, RecordedEvent Event)>)> CosignedAsync(
        HostedOperator op, IReadOnlyList<RecordedEvent> history, TimeProvider clock,
        CancellationToken cancellationToken)
    {
        var streams = history.Select(e => e.Stream).ToHashSet();
        var events = history.ToDictionary(e => (e.Stream, e.Version));
        StoredCheckpoint? cosigned = null;
        (LogRow, RecordedEvent)[] leaves = [];
        await Logged.WaitAsync(
            async () =>
            {
                cosigned = await op.Log.CosignedAsync(cancellationToken);
                leaves =
                [
                    .. (await op.Log.LeavesAsync(streams, cancellationToken))
                        .Where(leaf => leaf.Index < (cosigned?.Size ?? 0) && leaf.Event is not null)
                        .Where(leaf => events.ContainsKey((leaf.Stream, leaf.Version)))
                        .Select(leaf => (leaf, events[(leaf.Stream, leaf.Version)])),
                ];
                return leaves.Length == events.Count;
            },
            "The broker has not cosigned the newest events yet; repeat the call when it answers again.",
            clock,
            cancellationToken);
        return (cosigned!, leaves);
    }

    private static async Task<string> WitnessKeyAsync(HostedOperator op, CancellationToken cancellationToken)
    {
        var answer = await op.Broker.Witness.GetBrokerCheckpointAsync(
            new GetBrokerCheckpointRequest(), await op.Broker.CallAsync(cancellationToken));
        var log = NoteVerifier.Parse(answer.VerifierKey);
        return new NoteVerifier(log.Name, NoteSignatureType.Cosignature, log.PublicKey).ToString();
    }

    private static async Task<IReadOnlyList<SigningKey>> KeysAsync(
        HostedOperator op, IReadOnlyList<Trade> trades, CancellationToken cancellationToken)
    {
        List<SigningKey> keys = [];
        foreach (var id in trades.Select(trade => trade.SupplierId).Append(op.OperatorId).Distinct())
        {
            var member = await op.Broker.OperatorAsync(id, cancellationToken);
            keys.AddRange(member.Keys.Where(key => key.Use == KeyUse.Signing).Select(key => new SigningKey(
                id, key.KeyId, key.Jwk, key.ValidFromTime.ToDateTimeOffset(), key.ValidUntilTime?.ToDateTimeOffset(),
                key.Revoked ? true : null)));
        }

        return keys;
    }

    private static string Report(Part part, AuditBundle bundle, BundleReport checks)
    {
        var text = new StringBuilder();
        var versions = bundle.Events.Count(one => one.Event.Type == EventNames.NameOf<FootprintRolledUp>());
        text.Append(CultureInfo.InvariantCulture, $"# {part.Name}\n\n");
        text.Append(
            CultureInfo.InvariantCulture,
            $"Version {bundle.Manifest.Version}: {checks.Total ?? "nothing"} kg CO2e per {part.DeclaredUnit}. "
                + $"{bundle.Events.Count} events stand behind it, {versions} of them totals.\n\n## Checked\n\n");
        foreach (var check in checks.Checks)
        {
            text.Append(CultureInfo.InvariantCulture, $"- {check.Mark}: {check.What} ({check.Detail})\n");
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
