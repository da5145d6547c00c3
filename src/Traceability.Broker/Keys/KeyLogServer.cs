using System.Globalization;
using Google.Protobuf;
using Grpc.Core;
using Traceability.Contracts.Broker.V1;
using Traceability.Hosting;
using Traceability.Proofs;
using Traceability.Proofs.Logs;
using KeyUse = Traceability.Domain.Operators.KeyUse;

namespace Traceability.Broker.Keys;

/// <summary>Shows all of the key log to all members, and keeps their cosignatures.</summary>
[AllowRoles(Roles.Node)]
internal sealed class KeyLogServer(BrokerDatabase broker, KeyLog log, TimeProvider clock)
    : KeyLogService.KeyLogServiceBase
{
    private const int MaxLine = 1000;

    /// <summary>While many companies come at once, they are told of each other together: nobody waits for it, because
    /// whoever needs a key asks.</summary>
    private static readonly TimeSpan TellInterval = TimeSpan.FromMilliseconds(250);

    [AllowRoles(Roles.Node, Roles.FederationAuditor)]
    public override async Task<ListKeyLeavesResponse> ListKeyLeaves(
        ListKeyLeavesRequest request, ServerCallContext context)
    {
        var input = new Input();
        var (size, start) = (input.PageSize(request.PageSize), input.Offset(request.PageToken));
        input.ThrowIfInvalid();
        await MustBeMemberAsync(context);
        // Leaves before checkpoints would leave the newest checkpoint without its leaves.
        var state = await log.StateAsync(context.CancellationToken);
        var leaves = await log.LeavesAsync(start, size, context.CancellationToken);
        return new()
        {
            Leaves = { leaves.Select(leaf => ByteString.CopyFrom(leaf)) },
            NextPageToken = leaves.Count < size
                ? ""
                : (start + leaves.Count).ToString(CultureInfo.InvariantCulture),
            Checkpoints = { state.Notes },
            VerifierKey = $"{log.Verifier}",
        };
    }

    [AllowRoles(Roles.Node, Roles.FederationAuditor)]
    public override async Task<GetKeyEntriesResponse> GetKeyEntries(
        GetKeyEntriesRequest request, ServerCallContext context)
    {
        var input = new Input();
        var owner = input.Id<OperatorId>("operator_id", request.OperatorId);
        input.ThrowIfInvalid();
        await MustBeMemberAsync(context);
        await using var connection = await broker.Source.OpenConnectionAsync(context.CancellationToken);
        return new() { Entries = { await KeyLog.WireEntriesAsync(connection, owner, context.CancellationToken) } };
    }

    public override async Task WatchKeyLog(
        WatchKeyLogRequest request, IServerStreamWriter<WatchKeyLogResponse> responseStream, ServerCallContext context)
    {
        await MustBeMemberAsync(context);
        var sent = "none";
        while (true)
        {
            var changed = log.Changed;
            var state = await log.StateAsync(context.CancellationToken);
            if (state.Version != sent)
            {
                sent = state.Version;
                await responseStream.WriteAsync(
                    new() { Checkpoints = { state.Notes }, VerifierKey = $"{log.Verifier}" },
                    context.CancellationToken);
                await Task.Delay(TellInterval, clock, context.CancellationToken);
            }

            await KeyLog.WaitAsync(changed, context.CancellationToken);
        }
    }

    public override async Task<AddKeyLogCosignatureResponse> AddKeyLogCosignature(
        AddKeyLogCosignatureRequest request, ServerCallContext context)
    {
        var input = new Input();
        var line = input.Text("cosignature", request.Cosignature, 1, MaxLine);
        input.ThrowIfInvalid();
        var caller = await broker.CallerAsync(context);
        var note = await log.NoteAsync(request.Size, context.CancellationToken)
            ?? throw RefusedException.NotDisclosed("Checkpoint", "size", request.Size);
        var origin = LogKeys.OriginOf(caller.OperatorId.Value);
        var key = caller.Keys.LastOrDefault(one => one is { Use: KeyUse.Log, ValidUntil: null });
        if (key is null || Read(line) is not { } cosignature
            || !Fits(new(origin, NoteSignatureType.Cosignature, OctetKey.FromJwk(key.Jwk)), note, cosignature))
        {
            input.Violate("cosignature", line, "must cosign that checkpoint with the key of the caller's log.");
            input.ThrowIfInvalid();
            return new();
        }

        await log.CosignAsync(request.Size, cosignature, context.CancellationToken);
        return new();
    }

    private async Task MustBeMemberAsync(ServerCallContext context)
    {
        if (!context.Caller().Roles.Contains(Roles.FederationAuditor))
        {
            await broker.CallerAsync(context);
        }
    }

    private static NoteSignature? Read(string line)
    {
        try
        {
            return SignedNote.ParseLine(line);
        }
        catch (ProofException)
        {
            return null;
        }
    }

    private static bool Fits(NoteVerifier verifier, string note, NoteSignature cosignature)
    {
        try
        {
            return verifier.SeenAt(SignedNote.Parse(note) with { Signatures = [cosignature] }) is not null;
        }
        catch (ProofException)
        {
            return false;
        }
    }
}
