using Grpc.Core;
using Traceability.Contracts.Broker.V1;
using Traceability.Domain;
using Traceability.Domain.Certificates;
using Traceability.Domain.Releases;
using Traceability.Domain.Statements;
using Traceability.Hosting;
using Traceability.Node.Exchange;
using Traceability.Node.Footprints;
using Traceability.Proofs;
using Traceability.Storage;
using Wire = Traceability.Contracts.Node.V1;

namespace Traceability.Node.Operators;

/// <summary>The operator's own keys.</summary>
[AllowRoles(Roles.Clerk, Roles.Auditor)]
internal sealed class KeyServer(HostedOperators operators, TimeProvider clock) : Wire.KeyService.KeyServiceBase
{
    private const int MaxKeyId = 100;

    private static readonly string[] Uses = ["signing", "sealing"];

    public override Task<Wire.ListKeysResponse> ListKeys(Wire.ListKeysRequest request, ServerCallContext context)
    {
        var op = operators.Of(context);
        var input = new Input();
        var (size, skip) = (input.PageSize(request.PageSize), input.Offset(request.PageToken));
        input.ThrowIfInvalid();
        var all = op.Keys.All;
        return Task.FromResult(new Wire.ListKeysResponse
        {
            Keys = { all.Skip(skip).Take(size).Select(one => ToWire(one.Use, one.Key, one.Current)) },
            NextPageToken = skip + size < all.Count ? $"{skip + size}" : "",
        });
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

        if (key.Current)
        {
            await RotateAsync(op, KeyUse.Signing, context.CancellationToken);
        }

        await AskAsync(async () => await op.Broker.Directory.RevokeKeyAsync(
            new RevokeKeyRequest { KeyId = keyId, RevokeTime = request.RevokeTime },
            await op.Broker.CallAsync(context.CancellationToken)));
        await WithdrawAsync(op, keyId, context);
        await SignCertificatesAnewAsync(op, keyId, context);
        op.WakeSender();
        return new() { Key = ToWire(KeyUse.Signing, op.Keys.Signing, true) };
    }

    /// <summary>Customers need not wait for the next version to hold something under a key that is believed.</summary>
    private async Task WithdrawAsync(HostedOperator op, string keyId, ServerCallContext context)
    {
        var statements = await op.QueryAsync<Statement>("order by d.id", context.CancellationToken);
        foreach (var statement in statements.Where(one => JsonWebSignature.KeyId(one.Signature) == keyId))
        {
            await op.WorkAsync(context, async work =>
            {
                var decided = await work.DecideAsync<Statement>(
                    Keys.Statement(statement.PartRef),
                    found => Statement.Withdraw(found, keyId, clock.GetUtcNow()),
                    context.CancellationToken);
                if (decided.Events.Count > 0)
                {
                    await Recalculation.QueueDisclosuresAsync(
                        op, work, [statement.TraceId], context.CancellationToken);
                }

                return true;
            });
        }
    }

    /// <summary>What a verifier certified stands, whoever got hold of the key under which it went out.</summary>
    private async Task SignCertificatesAnewAsync(HostedOperator op, string keyId, ServerCallContext context)
    {
        var certificates = await op.QueryAsync<Certificate>("order by d.id", context.CancellationToken);
        foreach (var (id, traceId, replaced) in certificates
            .Where(one => one.Document is { } document && JsonWebSignature.KeyId(document) == keyId)
            .Select(one => (one.CertificateId, one.TraceId, one.Document!)))
        {
            await op.WorkAsync(context, async work =>
            {
                var now = clock.GetUtcNow();
                var decided = await work.DecideAsync<Certificate>(
                    Keys.Certificate(id),
                    found => Certificate.SignAnew(found, replaced, Sign, now),
                    context.CancellationToken);
                if (decided.Events.Count > 0)
                {
                    await Recalculation.QueueDisclosuresAsync(
                        op, work, [traceId], context.CancellationToken, FootprintField.Certificate);
                }

                return true;

                string Sign(StatedCertificate stated) =>
                    CertificateForm.Sign(op.Keys.Signing, op.OperatorId, op.Keys.PartRef(traceId), stated, now);
            });
        }
    }

    private static async Task<PrivateKey> RotateAsync(
        HostedOperator op, KeyUse use, CancellationToken cancellationToken)
    {
        await op.Rotating.WaitAsync(cancellationToken);
        try
        {
            return await op.Keys.RotateAsync(use, key => AskAsync(async () => await op.Broker.Directory.PublishKeyAsync(
                new PublishKeyRequest { Use = use, Jwk = key.Public.ToJwk() },
                await op.Broker.CallAsync(cancellationToken))));
        }
        finally
        {
            op.Rotating.Release();
        }
    }

    private static async Task AskAsync(Func<Task> ask)
    {
        try
        {
            await ask();
        }
        catch (Exception exception) when (IsSilence(exception))
        {
            throw new RefusedException(
                RefusalReason.PeerUnavailable, "The broker does not answer; repeat the call.", ("peer", "broker"));
        }
    }

    /// <summary>What the broker refuses, the caller is told as the broker said it.</summary>
    private static bool IsSilence(Exception exception) =>
        exception is HttpRequestException
            or RpcException { StatusCode: StatusCode.Unavailable or StatusCode.DeadlineExceeded };

    private static Wire.Key ToWire(KeyUse use, PrivateKey key, bool current) => new()
    {
        KeyId = key.Public.KeyId,
        Use = use.ToString().ToLowerInvariant(),
        Current = current,
    };
}
