using Google.Protobuf;
using Grpc.Core;
using Traceability.Contracts.Broker.V1;
using Traceability.Hosting;
using Traceability.Proofs.Logs;
using Traceability.Storage.Logs;
using KeyUse = Traceability.Domain.Operators.KeyUse;
using Operator = Traceability.Domain.Operators.Operator;

namespace Traceability.Broker.Witness;

/// <summary>Cosigns what continues all that it has cosigned before.</summary>
[AllowRoles(Roles.Node)]
internal sealed class WitnessServer(BrokerDatabase broker) : WitnessService.WitnessServiceBase
{
    private const int MaxOrigin = 200;

    public override async Task<AddCheckpointResponse> AddCheckpoint(
        AddCheckpointRequest request, ServerCallContext context)
    {
        var input = new Input();
        var checkpoint = input.Lines("checkpoint", request.Checkpoint, SignedNote.MaxLength);
        if (request.ConsistencyProof.Count > WitnessRule.MaxProof)
        {
            input.Violate(
                "consistency_proof",
                request.ConsistencyProof.Count,
                $"must have at most {WitnessRule.MaxProof} hashes.");
        }

        input.ThrowIfInvalid();
        var caller = await broker.CallerAsync(context);
        var origin = LogKeys.OriginOf(caller.OperatorId.Value);
        // Signed once: what is remembered is what is given out.
        var cosignature = "";
        var (answer, seen) = await WitnessedLogs.JudgeAsync(
            broker.Source,
            origin,
            last => WitnessRule.Judge(
                last,
                request.OldSize,
                [.. request.ConsistencyProof.Select(hash => hash.ToByteArray())],
                checkpoint,
                name => name == origin ? VerifierOf(caller, origin) : null),
            () => $"{checkpoint}{cosignature = Cosign(checkpoint)}\n",
            context.CancellationToken);
        if (answer.Verdict is WitnessVerdict.Malformed or WitnessVerdict.BadSignature)
        {
            input.Violate("checkpoint", answer.Verdict, "must be a checkpoint that is signed with the log's key.");
        }

        input.ThrowIfInvalid();
        return answer.Verdict == WitnessVerdict.Accepted
            ? new()
            {
                Cosignature = cosignature,
                VerifierKey = broker.LogKeys.Signer.Witness.ToString(),
            }
            : throw Refusal(answer.Verdict, origin, seen);
    }

    [AllowRoles(Roles.Node, Roles.FederationAuditor)]
    public override async Task<GetCheckpointResponse> GetCheckpoint(
        GetCheckpointRequest request, ServerCallContext context)
    {
        var input = new Input();
        var origin = input.Text("origin", request.Origin, 1, MaxOrigin);
        input.ThrowIfInvalid();
        if (!context.Caller().Roles.Contains(Roles.FederationAuditor)
            && origin != LogKeys.OriginOf((await broker.CallerAsync(context)).OperatorId.Value))
        {
            throw NotDisclosed(origin);
        }

        var note = await WitnessedLogs.ReadAsync(broker.Source, origin, context.CancellationToken);
        return new() { Checkpoint = note ?? "" };
    }

    public override async Task<GetBrokerCheckpointResponse> GetBrokerCheckpoint(
        GetBrokerCheckpointRequest request, ServerCallContext context)
    {
        await broker.CallerAsync(context);
        var newest = await broker.Log.CheckpointAsync(context.CancellationToken);
        var response = new GetBrokerCheckpointResponse
        {
            Checkpoint = newest?.Note ?? "",
            VerifierKey = broker.Log.Verifier.ToString(),
        };
        if (newest is not null && request.OldSize > 0 && request.OldSize < newest.Size)
        {
            var proof = await broker.Log.ConsistencyProofAsync(
                request.OldSize, newest.Size, context.CancellationToken);
            response.ConsistencyProof.AddRange(proof.Select(hash => ByteString.CopyFrom(hash)));
        }

        return response;
    }

    private string Cosign(string checkpoint) =>
        broker.LogKeys.Signer.Cosign(SignedNote.Parse(checkpoint).Text, broker.Now).ToString();

    private static NoteVerifier? VerifierOf(Operator member, string origin) =>
        member.Keys.LastOrDefault(key => key is { Use: KeyUse.Log, ValidUntil: null }) is { } key
            ? new(origin, NoteSignatureType.Ed25519, OctetKey.FromJwk(key.Jwk))
            : null;

    private static RefusedException Refusal(WitnessVerdict verdict, string origin, long seen) => verdict switch
    {
        WitnessVerdict.UnknownLog => NotDisclosed(origin),
        WitnessVerdict.OtherSize => new(
            RefusalReason.StaleVersion,
            $"The last checkpoint of this log that was cosigned has {seen} leaves.",
            ("size", $"{seen}")),
        _ => new(
            RefusalReason.HistoryRewritten,
            "The checkpoint does not continue the one that was cosigned before: history was rewritten.",
            ("origin", origin),
            ("size", $"{seen}")),
    };

    private static RefusedException NotDisclosed(string origin) => new(
        RefusalReason.NotDisclosed,
        "The log is not disclosed to you, or it does not exist.",
        ("origin", origin));
}
