using System.Text.Json;
using Traceability.Domain;
using Traceability.Domain.Footprints;
using Traceability.Domain.Parts;
using Traceability.Domain.Quantities;
using Traceability.Domain.Statements;
using Traceability.Proofs;
using Traceability.Proofs.Logs;

namespace Traceability.Evidence;

/// <summary>
/// How a check ended. They are different words for different things: a wrong alarm is as bad as none.
/// </summary>
public enum CheckOutcome
{
    Holds = 1,

    /// <summary>It says neither yes nor no.</summary>
    NotLookedAt = 2,

    /// <summary>The signature fits, and its key was not to be believed then.</summary>
    NotBelieved = 3,

    /// <summary>It is not what was signed: damaged or made up, and so proves nothing about anybody.</summary>
    Forged = 4,

    /// <summary>All of it is what was signed, and it does not lead to what is claimed.</summary>
    DoesNotAddUp = 5,
}

/// <summary>One thing that was checked, in words.</summary>
/// <param name="What">What was checked.</param>
/// <param name="Good">Whether nothing was found against it.</param>
/// <param name="Detail">What was found; of a failure, where; of what was not looked at, why.</param>
public sealed record BundleCheck(string What, bool Good, string Detail)
{
    public CheckOutcome Outcome { get; init; } = Good ? CheckOutcome.Holds : CheckOutcome.DoesNotAddUp;

    /// <summary>For a list of checks.</summary>
    public string Mark => Outcome == CheckOutcome.NotLookedAt ? "not looked at" : Good ? "yes" : "NO";

    public static BundleCheck Of(string what, CheckOutcome outcome, string detail) =>
        new(what, outcome is CheckOutcome.Holds or CheckOutcome.NotLookedAt, detail) { Outcome = outcome };
}

/// <summary>Everything that was checked of a bundle.</summary>
/// <param name="Total">The total that was claimed, in kilogram CO2e per declared unit; null if there is none.</param>
/// <param name="Checks">In order. The claim holds as far as it was looked at if all are good.</param>
public sealed record BundleReport(string? Total, IReadOnlyList<BundleCheck> Checks)
{
    /// <summary>All figures of the version that was claimed, computed anew; null if that was not possible.</summary>
    public Figures? Figures { get; init; }

    public bool Good => Checks.All(check => check.Good);
}

/// <summary>
/// Checks a bundle with nothing but the bundle: the checkpoint, every event's proof, the gapless streams, the replayed
/// total, the statement that opens to it, and what suppliers have sent. In this order: what is not in a signed log is
/// not read any further.
/// </summary>
public sealed class BundleVerifier
{
    private readonly AuditBundle _bundle;
    private readonly IReadOnlyList<SigningKey> _known;
    private readonly KeyRing _keys;
    private readonly List<BundleCheck> _checks = [];
    private IReadOnlyList<(BundledEvent Bundled, object? Data)> _events = [];
    private Figures? _figures;

    private BundleVerifier(AuditBundle bundle, IReadOnlyList<SigningKey> known) =>
        (_bundle, _known, _keys) = (bundle, known, bundle.Keys.Pinned(known));

    /// <param name="bundle">What is claimed.</param>
    /// <param name="known">
    /// Signing keys as they are known from elsewhere: all of a company, or none. They take the place of the bundle's
    /// own.
    /// </param>
    public static BundleReport Verify(AuditBundle bundle, IReadOnlyList<SigningKey>? known = null)
    {
        var verifier = new BundleVerifier(bundle, known ?? []);
        var total = verifier.CheckEvents(verifier.CheckCheckpoint()) ? verifier.CheckWhatTheySay() : null;
        return new(total, verifier._checks) { Figures = verifier._figures };
    }

    private Checkpoint? CheckCheckpoint()
    {
        const string What = "The log's state is signed by the company and was seen by the broker";
        try
        {
            var note = SignedNote.Parse(_bundle.Checkpoint);
            if (!NoteVerifier.Parse(_bundle.Manifest.LogKey).HasSigned(note))
            {
                return Forged("it is not signed by the company's log");
            }

            var checkpoint = Checkpoint.Parse(note.Text);
            if (checkpoint.Origin != LogKeys.OriginOf(_bundle.Manifest.OperatorId.Value))
            {
                return Forged("it is the state of another log");
            }

            if (NoteVerifier.Parse(_bundle.Manifest.WitnessKey).SeenAt(note) is not { } seen)
            {
                return Forged("the broker has not cosigned it");
            }

            Add(What, CheckOutcome.Holds, $"{checkpoint.Size} events, seen {seen:u}");
            return checkpoint;
        }
        catch (ProofException exception)
        {
            return Forged(exception.Message);
        }

        Checkpoint? Forged(string why)
        {
            Add(What, CheckOutcome.Forged, $"forged or damaged evidence: {why}");
            return null;
        }
    }

    private bool CheckEvents(Checkpoint? checkpoint)
    {
        const string What = "Every event is in that log as it is told here";
        const string Rest = "The total, the statement and what suppliers have sent";
        if (checkpoint is null)
        {
            Add(What, CheckOutcome.NotLookedAt, "without a signed state there is nothing to hold them against");
            Add(Rest, CheckOutcome.NotLookedAt, "what is in no signed log proves nothing about anybody");
            return false;
        }

        var wrong = _bundle.Events.FirstOrDefault(one => !IsIn(checkpoint, one));
        if (wrong is not null || _bundle.Events.Count == 0)
        {
            var which = wrong is null ? "there are none" : $"{wrong.Event}";
            Add(What, CheckOutcome.Forged, $"forged or damaged evidence: {which}");
            Add(Rest, CheckOutcome.NotLookedAt, "what is in no signed log proves nothing about anybody");
            return false;
        }

        Add(What, CheckOutcome.Holds, $"{_bundle.Events.Count} events");
        var masked = _bundle.Events.Count(one => one.Salt is null);
        if (masked > 0)
        {
            Add(
                $"What {masked} of them say", CheckOutcome.NotLookedAt,
                "it was taken out, or is not shown; that they are there is proved");
        }

        return true;
    }

    private string? CheckWhatTheySay()
    {
        // What is masked could be anything: nothing holds it against its leaf.
        _events = [.. _bundle.Events.Select(one => (one, one.Salt is null ? null : Read(one.Event)))];
        CheckStreams();
        var total = CheckTotal();
        CheckKeys();
        return total;
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
            gap is null ? CheckOutcome.Holds : CheckOutcome.Forged,
            gap is null
                ? $"{streams} streams up to the last event shown; whether more came after it cannot be seen here"
                : $"forged or damaged evidence: {gap.Key}");
    }

    private string? CheckTotal()
    {
        if (_bundle.Manifest.WithoutBillOfMaterials == true)
        {
            Add(
                "Whether the total is the sum of its parts", CheckOutcome.NotLookedAt,
                "they are not in this bundle");
            return CheckStatement(null) is { } signed ? Amount.Format(signed.Figures.Total) : null;
        }

        var version = ReplayVersion();
        var stored = version?.Stored.Figures;
        var total = stored is null ? "nothing" : $"{Amount.Format(stored.Total)} kg CO2e";
        Add(
            $"Version {_bundle.Manifest.Version} of the total comes out again from the events",
            version is { Agrees: true } ? CheckOutcome.Holds : CheckOutcome.DoesNotAddUp,
            version is null ? "it is not among the events, or they make no sense"
            : version.Agrees ? $"{total}, to the last digit"
            : $"it comes out as {(version.Replayed.Figures is { } other ? Amount.Format(other.Total) : "nothing")}");
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
            Add(What, CheckOutcome.Forged, "a statement is about another part than the bundle");
            return null;
        }

        var issued = all.LastOrDefault(one => one.Version == _bundle.Manifest.Version);
        if (issued is null)
        {
            Add(
                "No statement was issued for this version",
                version is not null ? CheckOutcome.Holds : CheckOutcome.DoesNotAddUp,
                "nobody was shown it");
            return null;
        }

        try
        {
            var presentation = SelectiveStatement.Present(issued.Signature, issued.Disclosures.Values);
            var read = StatementForm.Read(presentation, _keys);
            var same = read.Issuer == _bundle.Manifest.OperatorId
                && read.PartRef == _bundle.Manifest.PartRef
                && read.Version == _bundle.Manifest.Version
                && (version is null || (version.Stored.Figures is { } figures
                    && read.Figures.Equals(StatedFigures.Of(figures).ToFigures())));
            var found = $"{Amount.Format(read.Figures.Total)} kg CO2e, key {read.KeyId}";
            Add(What, same ? CheckOutcome.Holds : CheckOutcome.DoesNotAddUp, same ? found : "it says something else");
            return same ? read : null;
        }
        catch (ProofException exception)
        {
            Add(What, Of(exception), exception.Message);
            return null;
        }
    }

    private void CheckSuppliers(ReplayedVersion version)
    {
        const string What = "What suppliers have sent is signed by them and says what was taken in";
        var sources = version.Sources.Where(source => source.Presentation is not null).ToArray();
        foreach (var source in sources)
        {
            var (outcome, why) = Judge(source);
            if (outcome != CheckOutcome.Holds)
            {
                Add(What, outcome, $"not so: {source.Source}. {why}");
                return;
            }
        }

        Add(What, CheckOutcome.Holds, $"{sources.Length} statements");
    }

    private (CheckOutcome Outcome, string Why) Judge(ReplayedSource source)
    {
        try
        {
            var read = StatementForm.Read(source.Presentation!, _keys);
            if (read.Issuer == _bundle.Manifest.OperatorId)
            {
                return (CheckOutcome.Forged, "The company has signed it itself.");
            }

            return read.Figures.Total == source.Input!.ChildTotal && read.Version == source.Input.Version
                ? (CheckOutcome.Holds, "")
                : (CheckOutcome.DoesNotAddUp, "It says something else.");
        }
        catch (ProofException exception)
        {
            return (Of(exception), exception.Message);
        }
    }

    /// <summary>
    /// Whose a key is, nobody can tell from the bundle: whoever made it could have made the keys, too.
    /// </summary>
    private void CheckKeys()
    {
        var companies = _bundle.Manifest.Keys.Select(key => key.OperatorId).Distinct().ToArray();
        var known = companies.Where(id => _known.Any(key => key.OperatorId == id)).ToArray();
        if (known.Length > 0)
        {
            Add(
                "Signatures are judged by the keys you know, and when these were valid", CheckOutcome.Holds,
                string.Join(", ", known));
        }

        var named = companies.Except(known).ToArray();
        if (named.Length > 0)
        {
            Add(
                "Whether the signing keys are those of the companies, and were valid as long as is said here",
                CheckOutcome.NotLookedAt,
                "the bundle itself names them; compare them with the federation's directory (--key): "
                    + string.Join(", ", named));
        }
    }

    private static CheckOutcome Of(ProofException exception) =>
        exception.Failure == ProofFailure.UnknownKey ? CheckOutcome.NotBelieved : CheckOutcome.Forged;

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

    private void Add(string what, CheckOutcome outcome, string detail) =>
        _checks.Add(BundleCheck.Of(what, outcome, detail));
}
