using System.Text.Json;
using Traceability.Domain;
using Traceability.Domain.Footprints;
using Traceability.Domain.Parts;
using Traceability.Domain.Quantities;
using Traceability.Domain.Statements;
using Traceability.Proofs;
using Traceability.Proofs.Logs;

namespace Traceability.Evidence;

/// <summary>One thing that was checked, in words.</summary>
/// <param name="What">What was checked.</param>
/// <param name="Good">Whether it holds.</param>
/// <param name="Detail">What was found; of a failure, where.</param>
public sealed record BundleCheck(string What, bool Good, string Detail);

/// <summary>Everything that was checked of a bundle.</summary>
/// <param name="Total">The total that was claimed, in kilogram CO2e per declared unit; null if there is none.</param>
/// <param name="Checks">In order. The claim holds if all are good.</param>
public sealed record BundleReport(string? Total, IReadOnlyList<BundleCheck> Checks)
{
    /// <summary>All figures of the version that was claimed, computed anew; null if that was not possible.</summary>
    public Figures? Figures { get; init; }

    public bool Good => Checks.All(check => check.Good);
}

/// <summary>
/// Checks a bundle with nothing but the bundle: the checkpoint, every event's proof, the gapless streams, the replayed
/// total, the statement that opens to it, and what suppliers have sent.
/// </summary>
public sealed class BundleVerifier
{
    private readonly AuditBundle _bundle;
    private readonly List<BundleCheck> _checks = [];
    private readonly List<(BundledEvent Bundled, object? Data)> _events;
    private Figures? _figures;

    private BundleVerifier(AuditBundle bundle)
    {
        _bundle = bundle;
        // What is masked could be anything: nothing holds it against its leaf.
        _events = [.. bundle.Events.Select(one => (one, one.Salt is null ? null : Read(one.Event)))];
    }

    public static BundleReport Verify(AuditBundle bundle)
    {
        var verifier = new BundleVerifier(bundle);
        verifier.CheckEvents(verifier.CheckCheckpoint());
        verifier.CheckStreams();
        return new(verifier.CheckTotal(), verifier._checks) { Figures = verifier._figures };
    }

    private Checkpoint? CheckCheckpoint()
    {
        const string What = "The log's state is signed by the company and was seen by the broker";
        try
        {
            var note = SignedNote.Parse(_bundle.Checkpoint);
            var checkpoint = Checkpoint.Parse(note.Text);
            var seen = NoteVerifier.Parse(_bundle.Manifest.WitnessKey).SeenAt(note);
            var signed = NoteVerifier.Parse(_bundle.Manifest.LogKey).HasSigned(note)
                && checkpoint.Origin == LogKeys.OriginOf(_bundle.Manifest.OperatorId.Value);
            Add(What, signed && seen is not null, signed
                ? seen is null ? "the broker has not cosigned it" : $"{checkpoint.Size} events, seen {seen:u}"
                : "it is not signed by the company's log");
            return checkpoint;
        }
        catch (ProofException exception)
        {
            Add(What, false, exception.Message);
            return null;
        }
    }

    private void CheckEvents(Checkpoint? checkpoint)
    {
        var wrong = _bundle.Events.FirstOrDefault(one => checkpoint is null || !IsIn(checkpoint, one));
        Add(
            "Every event is in that log as it is told here",
            wrong is null && _bundle.Events.Count > 0,
            wrong is null ? $"{_bundle.Events.Count} events" : $"not so: {wrong.Event}");
    }

    private static bool IsIn(Checkpoint checkpoint, BundledEvent one) =>
        (one.Salt is null
            || LoggedEvent.PayloadHash(one.Salt, one.Event.Data).AsSpan().SequenceEqual(one.PayloadHash))
        && MerkleTree.Includes(
            checkpoint.Root, checkpoint.Size, one.Event.LeafHash(one.PayloadHash), one.Index, one.Proof);

    /// <summary>An event in the middle that is left out leaves a gap.</summary>
    private void CheckStreams()
    {
        var gap = _bundle.Events.GroupBy(one => one.Event.Stream)
            .FirstOrDefault(stream => !stream.Select(one => one.Event.Version).Order()
                .SequenceEqual(Enumerable.Range(1, stream.Count()).Select(version => (long)version)));
        var streams = _bundle.Events.Select(one => one.Event.Stream).Distinct().Count();
        Add(
            "No event is left out of a stream",
            gap is null,
            gap is null ? $"{streams} streams" : $"not so: {gap.Key}");
    }

    private string? CheckTotal()
    {
        if (_bundle.Manifest.WithoutBillOfMaterials == true)
        {
            Add("Whether the total is the sum of its parts", true, "cannot be seen: they are not in this bundle");
            return CheckStatement(null) is { } signed ? Amount.Format(signed.Figures.Total) : null;
        }

        var version = ReplayVersion();
        var stored = version?.Stored.Figures;
        var total = stored is null ? "nothing" : $"{Amount.Format(stored.Total)} kg CO2e";
        Add(
            $"Version {_bundle.Manifest.Version} of the total comes out again from the events",
            version is { Agrees: true },
            version is null ? "it is not among the events, or they make no sense"
            : version.Agrees ? $"{total}, to the last digit"
            : $"it comes out as {version.Replayed.Figures?.Total}");
        if (version is null)
        {
            return null;
        }

        _figures = version.Replayed.Figures;
        CheckStatement(version);
        CheckSuppliers(version);
        return stored is null ? null : Amount.Format(stored.Total);
    }

    /// <summary>Whoever made the bundle could put anything into it: what makes no sense does not hold.</summary>
    private ReplayedVersion? ReplayVersion()
    {
        try
        {
            return Replayed();
        }
        catch (Exception nonsense) when (nonsense is not OutOfMemoryException)
        {
            return null;
        }
    }

    private ReplayedVersion? Replayed()
    {
        var parts = _events.Where(one => one.Bundled.Event.Stream.StartsWith("part/", StringComparison.Ordinal))
            .GroupBy(one => one.Bundled.Event.Stream)
            .Select(stream => stream.OrderBy(one => one.Bundled.Event.Version).Select(one => one.Data)
                .Aggregate((Part?)null, (part, e) => e is null ? part : Part.Evolve(part, e)))
            .OfType<Part>().ToDictionary(part => part.TraceId);
        return parts.GetValueOrDefault(_bundle.Manifest.TraceId) is { } part
            ? FootprintReplay.Of(
                part,
                parts,
                [
                    .. _events.Where(one => one.Data is not null).OrderBy(one => one.Bundled.Event.Sequence)
                        .Select(one => new PastEvent($"{one.Bundled.Event}", one.Data!)),
                ]).FirstOrDefault(one => one.Stored.Version == _bundle.Manifest.Version)
            : null;
    }

    /// <param name="version">What it must say; null if that is not shown.</param>
    private ReceivedStatement? CheckStatement(ReplayedVersion? version)
    {
        const string What = "The signed statement opens to the same figures";
        var all = _events.Select(one => one.Data).OfType<StatementIssued>().ToArray();
        if (all.Any(one => one.TraceId != _bundle.Manifest.TraceId || one.PartRef != _bundle.Manifest.PartRef))
        {
            Add(What, false, "a statement is about another part than the bundle");
            return null;
        }

        var issued = all.LastOrDefault(one => one.Version == _bundle.Manifest.Version);
        if (issued is null)
        {
            Add("No statement was issued for this version", version is not null, "nobody was shown it");
            return null;
        }

        try
        {
            var presentation = SelectiveStatement.Present(issued.Signature, issued.Disclosures.Values);
            var read = StatementForm.Read(presentation, _bundle.Keys);
            var same = read.Issuer == _bundle.Manifest.OperatorId
                && read.PartRef == _bundle.Manifest.PartRef
                && read.Version == _bundle.Manifest.Version
                && (version is null || (version.Stored.Figures is { } figures
                    && read.Figures.Equals(StatedFigures.Of(figures).ToFigures())));
            var found = $"{Amount.Format(read.Figures.Total)} kg CO2e, key {read.KeyId}";
            Add(What, same, same ? found : "it says something else");
            return same ? read : null;
        }
        catch (ProofException exception)
        {
            Add(What, false, exception.Message);
            return null;
        }
    }

    private void CheckSuppliers(ReplayedVersion version)
    {
        var sources = version.Sources.Where(source => source.Presentation is not null).ToArray();
        var wrong = sources.FirstOrDefault(source => !Says(source));
        Add(
            "What suppliers have sent is signed by them and says what was taken in",
            wrong is null,
            wrong is null ? $"{sources.Length} statements" : $"not so: {wrong.Source}");
    }

    private bool Says(ReplayedSource source)
    {
        try
        {
            return StatementForm.Read(source.Presentation!, _bundle.Keys).Figures.Total == source.Input!.ChildTotal;
        }
        catch (ProofException)
        {
            return false;
        }
    }

    /// <summary>An event of a kind that this version does not know takes no part in the replay.</summary>
    private static object? Read(LoggedEvent e)
    {
        try
        {
            return EventNames.Find(e.Type) is { } type
                ? JsonSerializer.Deserialize(e.Data, type, EventJson.Options)
                : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private void Add(string what, bool good, string detail) => _checks.Add(new(what, good, detail));
}
