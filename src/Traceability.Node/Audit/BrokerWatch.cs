using System.Collections.Concurrent;
using System.Text.Json;
using Npgsql;
using Traceability.Contracts.Broker.V1;
using Traceability.Domain.Statements;
using Traceability.Node.Operators;
using Traceability.Node.Trust;
using Traceability.Proofs;
using Traceability.Proofs.Logs;
using Traceability.Storage.Logs;

namespace Traceability.Node.Audit;

/// <summary>
/// Watches the broker's log for an operator: it must continue what was seen, be what others were shown, and hold what
/// the broker decided about this company: no less, and nothing else.
/// </summary>
internal sealed partial class BrokerWatch(TimeProvider clock, ILogger<BrokerWatch> logger)
{
    /// <summary>What was sent is recorded, and what was decided is logged, long before.</summary>
    private static readonly TimeSpan LongestLag = TimeSpan.FromSeconds(30);

    /// <summary>A log that grows between two questions is asked again.</summary>
    private const int MaxQuestions = 5;

    private const int PageSize = 100;

    /// <summary>Decisions that were not asked for, as it seems, and since when; null: a person was told.</summary>
    private readonly ConcurrentDictionary<(OperatorId Operator, MessageId Message), DateTimeOffset?> _unknown = [];

    public async Task LookAsync(HostedOperator op, CancellationToken cancellationToken)
    {
        var before = op.BrokerLog.Newest;
        await FollowAsync(op, cancellationToken);
        await CompareHeardAsync(op, cancellationToken);
        var overdue = op.BrokerLog.TakenBefore(clock.GetUtcNow() - LongestLag);
        if (op.BrokerLog.Newest != before || overdue.Count > 0 || HasUnknown(op))
        {
            await CompareDecisionsAsync(op, overdue, cancellationToken);
        }
    }

    /// <summary>The broker must not rewrite who was a member, who traded, and what was released.</summary>
    private async Task FollowAsync(HostedOperator op, CancellationToken cancellationToken)
    {
        var note = await WitnessedLogs.ReadAsync(op.Database.Source, LogKeys.BrokerOrigin, cancellationToken) ?? "";
        var answer = await AskAsync(op, SizeOf(note), cancellationToken);
        if (answer.Checkpoint.Length == 0)
        {
            return;
        }

        var verifier = NoteVerifier.Parse(answer.VerifierKey);
        if (note.Length > 0 && !verifier.HasSigned(SignedNote.Parse(note)))
        {
            await FindRewrittenAsync(op, note, answer, "It is signed with another key than before.", cancellationToken);
            return;
        }

        var (judged, _) = await WitnessedLogs.JudgeAsync(
            op.Database.Source,
            LogKeys.BrokerOrigin,
            last => WitnessRule.Judge(
                last,
                last?.Size ?? 0,
                [.. answer.ConsistencyProof.Select(hash => hash.ToByteArray())],
                answer.Checkpoint,
                origin => origin == LogKeys.BrokerOrigin ? verifier : null),
            () => answer.Checkpoint,
            cancellationToken);
        switch (judged.Verdict)
        {
            case WitnessVerdict.Accepted:
                op.BrokerLog.Newest = answer.Checkpoint;
                break;
            case WitnessVerdict.BadSignature or WitnessVerdict.UnknownLog:
                LogNotSigned(judged.Verdict);
                break;
            default:
                await FindRewrittenAsync(
                    op, note, answer, $"It does not continue it ({judged.Verdict}).", cancellationToken);
                break;
        }
    }

    /// <summary>What another member was shown must be of the same log: before what is shown here, or later.</summary>
    private async Task CompareHeardAsync(HostedOperator op, CancellationToken cancellationToken)
    {
        var note = op.BrokerLog.Heard;
        if (note.Length == 0 || op.BrokerLog.Newest.Length == 0)
        {
            return;
        }

        for (var question = 1; question <= MaxQuestions; question++)
        {
            var shown = await AskAsync(op, SizeOf(op.BrokerLog.Newest), cancellationToken);
            if (Read(note, shown.VerifierKey) is not { } heard)
            {
                // What the broker did not sign says nothing about it.
                op.BrokerLog.Compared(note);
                return;
            }

            var newest = Checkpoint.Parse(SignedNote.Parse(shown.Checkpoint).Text);
            if (heard.Size > newest.Size)
            {
                await FindShorterAsync(op, note, shown, cancellationToken);
                return;
            }

            var answer = await AskAsync(op, heard.Size, cancellationToken);
            if (answer.Checkpoint != shown.Checkpoint)
            {
                continue;
            }

            if (!Continues(heard, newest, answer))
            {
                await FindAsync(
                    op, KeyFinding.Equivocation, $"decisions {heard.Size}",
                    $"The broker has signed two logs of what it decided: one that it shows here, and one of "
                        + $"{heard.Size} entries that it showed to another member. Keep the evidence, and show it to "
                        + "the federation.",
                    note, answer, cancellationToken);
            }

            op.BrokerLog.Compared(note);
            return;
        }
    }

    private async Task FindShorterAsync(
        HostedOperator op, string note, GetBrokerCheckpointResponse shown, CancellationToken cancellationToken)
    {
        var since = op.BrokerLog.AheadSince ??= clock.GetUtcNow();
        if (clock.GetUtcNow() - since < LongestLag)
        {
            return;
        }

        await FindAsync(
            op, KeyFinding.ShortenedLog, $"decisions {SizeOf(note)}",
            $"A member was shown {SizeOf(note)} entries of what the broker decided; here it shows "
                + $"{SizeOf(shown.Checkpoint)}.",
            note, shown, cancellationToken);
        op.BrokerLog.Compared(note);
    }

    /// <summary>What is logged as shown by this company it has sent, and what it has sent is logged.</summary>
    private async Task CompareDecisionsAsync(
        HostedOperator op, IReadOnlyList<MessageId> overdue, CancellationToken cancellationToken)
    {
        var token = await DecisionCursor.ReadAsync(op.Database.Source, cancellationToken);
        while (true)
        {
            var page = await PageAsync(op, token, cancellationToken);
            await CompareAsync(op, page, cancellationToken);
            token = page.NextPageToken;
            if (token.Length == 0)
            {
                break;
            }

            if (!HasUnknown(op))
            {
                await DecisionCursor.WriteAsync(op.Database.Source, token, cancellationToken);
            }
        }

        var missing = op.BrokerLog.TakenBefore(clock.GetUtcNow() - LongestLag).Intersect(overdue).ToList();
        if (missing.Count > 0)
        {
            await FindMissingAsync(op, missing, cancellationToken);
        }
    }

    private async Task CompareAsync(HostedOperator op, ListDecisionsResponse page, CancellationToken cancellationToken)
    {
        var shown = page.Decisions
            .Where(one => one.Disclosed && one.SupplierOperatorId == $"{op.OperatorId}")
            .ToLookup(one => new MessageId(Guid.TryParse(one.MessageId, out var id) ? id : default));
        MessageId[] ids = [.. shown.Select(one => one.Key)];
        op.BrokerLog.Decided(ids);
        var sent = await SentAsync(op, ids, cancellationToken);
        var now = clock.GetUtcNow();
        foreach (var id in ids)
        {
            if (sent.Contains(id))
            {
                _unknown.TryRemove((op.OperatorId, id), out _);
            }
            else if (now - _unknown.GetOrAdd((op.OperatorId, id), now) >= LongestLag)
            {
                _unknown[(op.OperatorId, id)] = null;
                var decision = shown[id].First();
                await FindAsync(
                    op, KeyFinding.ForgedDecision, $"{id}",
                    $"The broker has logged that this company has shown something to {decision.BuyerOperatorId} in "
                        + $"trade {decision.TradeId}, and it has not. Tell the federation.",
                    $"{decision}", new() { Checkpoint = op.BrokerLog.Newest }, cancellationToken);
            }
        }
    }

    /// <summary>One that was sent a second time was decided long before: all decisions are looked through.</summary>
    private async Task FindMissingAsync(
        HostedOperator op, List<MessageId> missing, CancellationToken cancellationToken)
    {
        for (var token = ""; missing.Count > 0;)
        {
            var page = await PageAsync(op, token, cancellationToken);
            foreach (var decision in page.Decisions.Where(one => one.Disclosed))
            {
                missing.RemoveAll(id => $"{id}" == decision.MessageId);
            }

            token = page.NextPageToken;
            if (token.Length == 0)
            {
                break;
            }
        }

        foreach (var id in missing)
        {
            await FindAsync(
                op, KeyFinding.MissingDecision, $"{id}",
                $"The broker has taken message {id}, and logged no decision about it: it may not have been delivered. "
                    + "Ask the customer, and tell the federation.",
                $"{id}", new() { Checkpoint = op.BrokerLog.Newest }, cancellationToken);
        }

        op.BrokerLog.Decided(op.BrokerLog.TakenBefore(clock.GetUtcNow() - LongestLag));
    }

    private bool HasUnknown(HostedOperator op) =>
        _unknown.Any(one => one.Key.Operator == op.OperatorId && one.Value is not null);

    private static async Task<HashSet<MessageId>> SentAsync(
        HostedOperator op, MessageId[] ids, CancellationToken cancellationToken)
    {
        await using var session = op.Query();
        var disclosures = await session.LoadManyAsync<Disclosure>(
            cancellationToken, ids.Select(StreamNames.Disclosure));
        return [.. disclosures.Select(one => one.MessageId)];
    }

    private static async Task<ListDecisionsResponse> PageAsync(
        HostedOperator op, string token, CancellationToken cancellationToken) => await op.Broker.Log.ListDecisionsAsync(
            new() { PageSize = PageSize, PageToken = token }, await op.Broker.CallAsync(cancellationToken));

    private static async Task<GetBrokerCheckpointResponse> AskAsync(
        HostedOperator op, long oldSize, CancellationToken cancellationToken) =>
        await op.Broker.Witness.GetBrokerCheckpointAsync(
            new() { OldSize = oldSize }, await op.Broker.CallAsync(cancellationToken));

    private static bool Continues(Checkpoint old, Checkpoint newest, GetBrokerCheckpointResponse answer) =>
        old.Size == newest.Size
            ? old.Root.AsSpan().SequenceEqual(newest.Root)
            : MerkleTree.Extends(
                old.Root, old.Size, newest.Root, newest.Size,
                [.. answer.ConsistencyProof.Select(hash => hash.ToByteArray())]);

    private static Checkpoint? Read(string note, string verifierKey)
    {
        try
        {
            var signed = SignedNote.Parse(note);
            var checkpoint = Checkpoint.Parse(signed.Text);
            return checkpoint.Origin == LogKeys.BrokerOrigin && checkpoint.Size > 0
                && NoteVerifier.Parse(verifierKey).HasSigned(signed)
                    ? checkpoint
                    : null;
        }
        catch (ProofException)
        {
            return null;
        }
    }

    private static long SizeOf(string note) =>
        note.Length > 0 ? Checkpoint.Parse(SignedNote.Parse(note).Text).Size : 0;

    private Task FindRewrittenAsync(
        HostedOperator op, string seen, GetBrokerCheckpointResponse answer, string why,
        CancellationToken cancellationToken) => FindAsync(
            op, KeyFinding.RewrittenLog, $"decisions {SizeOf(seen)}",
            $"The broker's log of what it decided is not the one that was seen at {SizeOf(seen)} entries. {why} Keep "
                + "this node's database as evidence.",
            seen, answer, cancellationToken);

    private async Task FindAsync(
        HostedOperator op, string kind, string about, string explanation, string first,
        GetBrokerCheckpointResponse second, CancellationToken cancellationToken)
    {
        var evidence = JsonSerializer.Serialize(new
        {
            first,
            second = second.Checkpoint,
            proof = second.ConsistencyProof.Select(hash => hash.ToBase64()),
            verifier = second.VerifierKey,
        });
        if (await Alarms.RaiseAsync(op, new(kind, about, explanation, evidence), cancellationToken))
        {
            LogAlarm(op.OperatorId, kind, about);
        }
    }

    [LoggerMessage(LogLevel.Critical, "Operator {OperatorId}: {Kind} {About} of the broker; see `trace keys check`")]
    private partial void LogAlarm(OperatorId operatorId, string kind, string about);

    [LoggerMessage(LogLevel.Warning, "What the broker shows as the state of its log is not signed by that ({Verdict}): "
        + "it proves nothing about its history")]
    private partial void LogNotSigned(WitnessVerdict verdict);
}

/// <summary>Up to where the broker's decisions were compared, in whole pages.</summary>
internal static class DecisionCursor
{
    private const string Table = $"{EventDatabases.Schema}.decision_cursor";

    public static async Task<string> ReadAsync(NpgsqlDataSource source, CancellationToken cancellationToken)
    {
        await using var command = source.CreateCommand($"select token from {Table}");
        return (string?)await command.ExecuteScalarAsync(cancellationToken) ?? "";
    }

    public static async Task WriteAsync(NpgsqlDataSource source, string token, CancellationToken cancellationToken)
    {
        await using var command = source.CreateCommand(
            $"insert into {Table} (token) values ($1) on conflict (one) do update set token = excluded.token");
        command.Parameters.AddWithValue(token);
        await command.ExecuteNonQueryAsync(cancellationToken);
    }
}
