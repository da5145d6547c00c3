using Google.Protobuf;
using Grpc.Core;
using Traceability.Hosting;
using Traceability.Node.Companies;
using Traceability.Node.Operators;
using Wire = Traceability.Contracts.Node.V1;

namespace Traceability.Node.Imports;

/// <summary>Many records at once: all or nothing.</summary>
[AllowRoles(Roles.Clerk)]
internal sealed class ImportServer(HostedOperators operators, TimeProvider clock)
    : Wire.ImportService.ImportServiceBase
{
    /// <summary>A sheet of this size is some 20 MB; more comes from a system that can send it in pieces.</summary>
    private const int MaxRows = 100_000;

    /// <summary>Some 100 KB: often enough for a bar that moves, seldom enough to cost nothing.</summary>
    private const int ProgressEvery = 500;

    /// <summary>A wrong column makes an error of every row; far below the limit of a message.</summary>
    private const int BytesPerMessage = 256 * 1024;

    public override async Task ImportRecords(
        IAsyncStreamReader<Wire.ImportRecordsRequest> requestStream,
        IServerStreamWriter<Wire.ImportRecordsResponse> responseStream,
        ServerCallContext context)
    {
        var op = operators.Of(context);
        var (dryRun, rows) = await ReadAsync(requestStream, context);
        await TellAsync("checking", 0, rows.Count);
        var act = new ImportRecords(rows, dryRun, done => TellAsync("checking", done, rows.Count));
        var outcome = await op.DoAsync(act, context);
        foreach (var result in Pages(outcome))
        {
            await responseStream.SendAsync(new() { Result = result }, context);
        }

        Task TellAsync(string phase, int done, int all) => responseStream.SendAsync(
            new() { Progress = new() { Phase = phase, Done = done, All = all } }, context);
    }

    [AllowRoles(Roles.Clerk, Roles.Auditor)]
    public override async Task ExportRecords(
        Wire.ExportRecordsRequest request,
        IServerStreamWriter<Wire.ExportRecordsResponse> responseStream,
        ServerCallContext context)
    {
        var op = operators.Of(context);
        await using var snapshot = await op.Database.SnapshotAsync(context.CancellationToken);
        var now = clock.GetUtcNow();
        var zone = await snapshot.Session.ZoneAsync(op.OperatorId, now, context.CancellationToken);
        var rows = await RecordExport.ReadAsync(snapshot.Session, new(zone), now, context.CancellationToken);
        foreach (var page in rows.Chunk(ProgressEvery))
        {
            await responseStream.SendAsync(new() { Rows = { page } }, context);
        }
    }

    /// <summary>The result, in as many messages as its errors and changes need.</summary>
    private static IEnumerable<Wire.ImportResult> Pages(ImportOutcome outcome)
    {
        var (page, bytes) = (Page(), 0);
        foreach (var message in outcome.Errors.Concat<IMessage>(outcome.Changes))
        {
            if ((bytes += message.CalculateSize()) > BytesPerMessage)
            {
                yield return page;
                (page, bytes) = (Page(), message.CalculateSize());
            }

            if (message is Wire.ImportError error)
            {
                page.Errors.Add(error);
            }
            else
            {
                page.Changes.Add((Wire.ImportedChange)message);
            }
        }

        yield return page;

        Wire.ImportResult Page() => new()
        {
            Stored = outcome.Stored,
            Changed = outcome.Changed,
            Unchanged = outcome.Unchanged,
            ErrorCount = outcome.ErrorCount,
        };
    }

    private static async Task<(bool DryRun, IReadOnlyList<Wire.ImportRow> Rows)> ReadAsync(
        IAsyncStreamReader<Wire.ImportRecordsRequest> requests, ServerCallContext context)
    {
        bool? dryRun = null;
        List<Wire.ImportRow> rows = [];
        while (await requests.NextAsync(context))
        {
            var input = new Input();
            var start = requests.Current.Start;
            if (dryRun is null != start is not null)
            {
                input.Violate(
                    "content", requests.Current.ContentCase, "must be a start once, first, and rows after it.");
                input.ThrowIfInvalid();
            }

            dryRun ??= start?.DryRun;
            rows.AddRange(requests.Current.Rows?.Rows ?? []);
            if (rows.Count > MaxRows)
            {
                throw new RefusedException(
                    RefusalReason.LimitExceeded,
                    $"An import holds at most {MaxRows} rows; send the rest as another one.",
                    ("limit", "rows"),
                    ("maximum", $"{MaxRows}"));
            }
        }

        return (dryRun ?? false, rows);
    }
}
