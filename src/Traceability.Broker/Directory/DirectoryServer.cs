using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Traceability.Domain;
using Traceability.Hosting;
using Traceability.Proofs;
using Traceability.Proofs.Logs;
using Traceability.Storage;
using Operator = Traceability.Domain.Operators.Operator;
using Wire = Traceability.Contracts.Broker.V1;

namespace Traceability.Broker.Directory;

/// <summary>Members and their keys.</summary>
[AllowRoles(Roles.Node, Roles.Administrator)]
internal sealed class DirectoryServer(BrokerStore store) : Wire.DirectoryService.DirectoryServiceBase
{
    private const int MaxName = 200;
    private const int MaxJwk = 1000;
    private const int MaxKeyId = 100;

    /// <summary>Clocks of companies differ by seconds, not by minutes.</summary>
    private static readonly TimeSpan MaxFuture = TimeSpan.FromSeconds(30);

    [AllowRoles(Roles.Administrator)]
    public override async Task<Wire.EnrolOperatorResponse> EnrolOperator(
        Wire.EnrolOperatorRequest request, ServerCallContext context)
    {
        var input = new Input();
        var id = input.Id("operator_id", request.OperatorId);
        var name = input.Text("name", request.Name, 1, MaxName);
        input.ThrowIfInvalid();

        var decided = await store.WorkAsync(context, work => work.DecideAsync<Operator>(
            Keys.Operator(id), member => Operator.Enrol(member, id, name, store.Now), context.CancellationToken));
        return new() { Operator = ToWire(decided.State) };
    }

    [AllowRoles(Roles.Administrator)]
    public override async Task<Wire.SuspendOperatorResponse> SuspendOperator(
        Wire.SuspendOperatorRequest request, ServerCallContext context) =>
        new() { Operator = await ChangeAsync(request.OperatorId, member => member.Suspend(store.Now), context) };

    [AllowRoles(Roles.Administrator)]
    public override async Task<Wire.ReinstateOperatorResponse> ReinstateOperator(
        Wire.ReinstateOperatorRequest request, ServerCallContext context) =>
        new() { Operator = await ChangeAsync(request.OperatorId, member => member.Reinstate(store.Now), context) };

    [AllowRoles(Roles.Node)]
    public override async Task<Wire.PublishKeyResponse> PublishKey(
        Wire.PublishKeyRequest request, ServerCallContext context)
    {
        var input = new Input();
        var use = input.Enum<Wire.KeyUse, Domain.Operators.KeyUse>("use", request.Use);
        var jwk = input.Text("jwk", request.Jwk, 1, MaxJwk);
        var keyId = KeyIdOf(input, use, jwk);
        input.ThrowIfInvalid();

        var caller = await store.CallerAsync(context);
        var decided = await store.WorkAsync(context, work => work.DecideAsync<Operator>(
            Keys.Operator(caller.OperatorId),
            member => member!.Publish(keyId, use, jwk, store.Now),
            context.CancellationToken));
        return new() { Operator = ToWire(decided.State) };
    }

    [AllowRoles(Roles.Node)]
    public override async Task<Wire.RevokeKeyResponse> RevokeKey(
        Wire.RevokeKeyRequest request, ServerCallContext context)
    {
        var input = new Input();
        var keyId = input.Text("key_id", request.KeyId, 1, MaxKeyId);
        var from = input.OptionalTime("revoke_time", request.RevokeTime) ?? store.Now;
        if (from > store.Now + MaxFuture)
        {
            input.Violate("revoke_time", from, "must not be in the future.");
        }

        input.ThrowIfInvalid();
        var caller = await store.CallerAsync(context);
        var decided = await store.WorkAsync(context, work => work.DecideAsync<Operator>(
            Keys.Operator(caller.OperatorId),
            member => member!.Revoke(keyId, from, store.Now),
            context.CancellationToken));
        return new() { Operator = ToWire(decided.State) };
    }

    public override async Task<Wire.GetOperatorResponse> GetOperator(
        Wire.GetOperatorRequest request, ServerCallContext context)
    {
        var input = new Input();
        var id = input.Id("operator_id", request.OperatorId);
        input.ThrowIfInvalid();
        var member = await store.ReadAsync<Operator>(Keys.Operator(id), context.CancellationToken)
            ?? throw RefusedException.NotDisclosed("Operator", "operator_id", id);
        return new() { Operator = ToWire(member) };
    }

    public override async Task<Wire.ListOperatorsResponse> ListOperators(
        Wire.ListOperatorsRequest request, ServerCallContext context)
    {
        var input = new Input();
        var (size, token) = (input.PageSize(request.PageSize), input.Token(request.PageToken));
        input.ThrowIfInvalid();
        var page = await store.QueryAsync<Operator>(
            "where d.id > ? order by d.id limit ?", context.CancellationToken, token, size);
        var response = new Wire.ListOperatorsResponse { NextPageToken = page.Count < size ? "" : page[^1].Id };
        foreach (var member in page)
        {
            var wire = ToWire(member);
            wire.Keys.Clear();
            response.Operators.Add(wire);
        }

        return response;
    }

    private async Task<Wire.Operator> ChangeAsync(
        string operatorId, Func<Operator, object[]> change, ServerCallContext context)
    {
        var input = new Input();
        var id = input.Id("operator_id", operatorId);
        input.ThrowIfInvalid();
        var decided = await store.WorkAsync(context, work => work.DecideAsync<Operator>(
            Keys.Operator(id),
            member => change(member ?? throw RefusedException.NotDisclosed("Operator", "operator_id", id)),
            context.CancellationToken));
        return ToWire(decided.State);
    }

    private static string KeyIdOf(Input input, Domain.Operators.KeyUse use, string jwk)
    {
        var log = use == Domain.Operators.KeyUse.Log;
        try
        {
            return log ? OctetKey.KeyId(OctetKey.FromJwk(jwk)) : PublicKey.FromJwk(jwk).KeyId;
        }
        catch (ProofException exception)
        {
            var right = log ? "Ed25519 key (RFC 8037)" : "EC key on P-256";
            input.Violate("jwk", jwk, $"must be a public {right} as JSON Web Key (RFC 7517); {exception.Message}");
            return "";
        }
    }

    private static Wire.Operator ToWire(Operator member) => new()
    {
        OperatorId = member.OperatorId.ToString(),
        Name = member.Name,
        Status = member.Active ? Wire.OperatorStatus.Active : Wire.OperatorStatus.Suspended,
        EnrolTime = member.EnrolledAt.ToTimestamp(),
        Keys =
        {
            member.Keys.Select(key => new Wire.OperatorKey
            {
                KeyId = key.KeyId,
                Use = (Wire.KeyUse)key.Use,
                Jwk = key.Jwk,
                ValidFromTime = key.ValidFrom.ToTimestamp(),
                ValidUntilTime = key.ValidUntil?.ToTimestamp(),
                Revoked = key.Revoked,
            }),
        },
    };
}
