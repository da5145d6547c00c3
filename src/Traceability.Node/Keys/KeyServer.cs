using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Marten;
using Traceability.Contracts.Broker.V1;
using Traceability.Domain.Certificates;
using Traceability.Domain.Statements;
using Traceability.Hosting;
using Traceability.Node.Certificates;
using Traceability.Node.Operators;
using Traceability.Node.Statements;
using Traceability.Proofs;
using Wire = Traceability.Contracts.Node.V1;

namespace Traceability.Node.Keys;

/// <summary>The operator's own keys.</summary>
[AllowRoles(Roles.Clerk, Roles.Auditor)]
internal sealed class KeyServer(HostedOperators operators) : Wire.KeyService.KeyServiceBase
{
    private const int MaxKeyId = 100;

    private static readonly string[] Uses = ["signing", "sealing"];

    public override async Task<Wire.ListKeysResponse> ListKeys(
        Wire.ListKeysRequest request, ServerCallContext context)
    {
        var op = operators.Of(context);
        var input = new Input();
        var (size, skip) = (input.PageSize(request.PageSize), input.Offset(request.PageToken));
        input.ThrowIfInvalid();
        var all = op.Keys.All;
        var published = await PublishedAsync(op, context.CancellationToken);
        return new()
        {
            Keys = { all.Skip(skip).Take(size).Select(one => ToWire(one.Use, one.Key, one.Current, published)) },
            NextPageToken = skip + size < all.Count ? $"{skip + size}" : "",
        };
    }

    /// <summary>As the directory has them, which alone knows what is revoked; null if it does not answer.</summary>
    private static async Task<IReadOnlyList<OperatorKey>?> PublishedAsync(
        HostedOperator op, CancellationToken cancellationToken)
    {
        try
        {
            return (await op.Broker.OperatorAsync(op.OperatorId, cancellationToken)).Keys;
        }
        catch (Exception fault) when (fault is RpcException or HttpRequestException)
        {
            return null;
        }
    }

    [AllowRoles(Roles.Clerk)]
    public override async Task<Wire.RotateKeyResponse> RotateKey(
        Wire.RotateKeyRequest request, ServerCallContext context)
    {
        var op = operators.Of(context);
        var input = new Input();
        var use = input.OneOf("use", request.Use, Uses) == "signing" ? KeyUse.Signing : KeyUse.Sealing;
        input.ThrowIfInvalid();
        return new() { Key = ToWire(use, await RotateAsync(op, use, context.CancellationToken), true) };
    }

    [AllowRoles(Roles.Clerk)]
    public override async Task<Wire.RevokeKeyResponse> RevokeKey(
        Wire.RevokeKeyRequest request, ServerCallContext context)
    {
        var op = operators.Of(context);
        var input = new Input();
        var keyId = input.Text("key_id", request.KeyId, 1, MaxKeyId);
        input.OptionalTime("revoke_time", request.RevokeTime);
        input.ThrowIfInvalid();
        var found = op.Keys.All.Where(one => one.Use == KeyUse.Signing && one.Key.Public.KeyId == keyId).ToArray();
        if (found is not [var key])
        {
            throw new RefusedException(
                RefusalReason.NotDisclosed,
                $"Key {keyId} is not disclosed to you, or it does not exist.",
                ("key_id", keyId));
        }

        var from = request.RevokeTime?.ToDateTimeOffset();
        var replaced = !key.Current || await TryRotateAsync(op, context.CancellationToken);
        await AskAsync(() => op.RevokeAsync(keyId, from, context.CancellationToken));
        if (!replaced)
        {
            await RotateAsync(op, KeyUse.Signing, context.CancellationToken);
        }

        await ReplaceAsync(op, keyId, context);
        return new() { Key = ToWire(KeyUse.Signing, op.Keys.Signing, true) };
    }

    [AllowRoles(Roles.Clerk)]
    public override async Task<Wire.RecoverKeyResponse> RecoverKey(
        Wire.RecoverKeyRequest request, ServerCallContext context)
    {
        var op = operators.Of(context);
        DateTimeOffset counts = default;
        await AskAsync(async () => counts = await op.RecoverAsync(context.CancellationToken));
        return new() { Key = ToWire(KeyUse.Signing, op.Keys.Signing, true), CountTime = counts.ToTimestamp() };
    }

    public override async Task<Wire.CheckKeysResponse> CheckKeys(
        Wire.CheckKeysRequest request, ServerCallContext context) =>
        await KeyReport.OfAsync(operators.Of(context), context.CancellationToken);

    /// <summary>Customers need not wait for the next version to hold something under a key that is believed.</summary>
    private static async Task ReplaceAsync(HostedOperator op, string keyId, ServerCallContext context)
    {
        await using var session = op.Query();
        // First the certificates: a customer who has the new statement has them with it.
        var certificates = await session.Query<Certificate>().ToListAsync(context.CancellationToken);
        foreach (var one in certificates.Where(
                     one => one.Document is { } document && JsonWebSignature.KeyId(document) == keyId))
        {
            await op.DoAsync(new SignCertificateAnew(one.CertificateId, one.Document!), context);
        }

        var statements = await session.Query<Statement>().ToListAsync(context.CancellationToken);
        foreach (var statement in statements.Where(one => JsonWebSignature.KeyId(one.Signature) == keyId))
        {
            await op.DoAsync(new WithdrawStatement(statement.PartRef, keyId), context);
        }
    }

    /// <summary>
    /// Not where there is no room for another key: a lost one is revoked all the same, and makes room itself.
    /// </summary>
    private static async Task<bool> TryRotateAsync(HostedOperator op, CancellationToken cancellationToken)
    {
        try
        {
            await RotateAsync(op, KeyUse.Signing, cancellationToken);
            return true;
        }
        catch (RpcException full) when (full.StatusCode == StatusCode.ResourceExhausted)
        {
            return false;
        }
    }

    private static async Task<PrivateKey> RotateAsync(
        HostedOperator op, KeyUse use, CancellationToken cancellationToken)
    {
        PrivateKey? made = null;
        await AskAsync(async () => made = await op.RotateAsync(use, cancellationToken));
        return made!;
    }

    /// <summary>What the broker refuses, the caller is told as the broker said it.</summary>
    private static async Task AskAsync(Func<Task> ask)
    {
        try
        {
            await ask();
        }
        catch (Exception exception) when (BrokerSilence.Is(exception))
        {
            throw BrokerSilence.Refusal();
        }
    }

    private static Wire.Key ToWire(
        KeyUse use, PrivateKey key, bool current, IReadOnlyList<OperatorKey>? published = null)
    {
        var wire = new Wire.Key
        {
            KeyId = key.Public.KeyId,
            Use = use.ToString().ToLowerInvariant(),
            Current = current,
        };
        if (published?.FirstOrDefault(one => one.KeyId == wire.KeyId) is { } known)
        {
            wire.Revoked = known.Revoked;
            wire.ValidUntilTime = known.ValidUntilTime;
        }

        return wire;
    }
}
