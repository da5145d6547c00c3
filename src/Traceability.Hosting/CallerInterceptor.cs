using Grpc.Core;
using Grpc.Core.Interceptors;
using Microsoft.AspNetCore.Authentication.JwtBearer;
using Microsoft.AspNetCore.Http;
using Microsoft.IdentityModel.Tokens;
using Traceability.Domain;

namespace Traceability.Hosting;

/// <summary>
/// Lets a call in only with a good token, the certificate to which it is bound and the role that the rpc asks for;
/// where the server wants a client certificate of everybody, people show one, too. Health and, where it is on,
/// reflection say nothing about anybody and are open.
/// </summary>
internal sealed class CallerInterceptor(HostSettings settings, CallLimits limits) : Interceptor
{
    private const string OpenServices = "/grpc.";

    /// <summary>
    /// Without a token, and with one that was taken from somebody, it is the same: nothing about the token is said to
    /// one who does not have its key.
    /// </summary>
    private const string NoToken = "no token that goes with the certificate of the connection";

    private static readonly object ProblemKey = new();

    /// <summary>Keeps what is wrong with a token until the call is refused.</summary>
    public static Task Remember(AuthenticationFailedContext failed)
    {
        failed.HttpContext.Items[ProblemKey] = failed.Exception;
        // Whatever it is, the call is answered like any other that is not let in.
        failed.NoResult();
        return Task.CompletedTask;
    }

    public override Task<TResponse> UnaryServerHandler<TRequest, TResponse>(
        TRequest request, ServerCallContext context, UnaryServerMethod<TRequest, TResponse> continuation)
    {
        Admit(context);
        return continuation(request, context);
    }

    public override async Task ServerStreamingServerHandler<TRequest, TResponse>(
        TRequest request,
        IServerStreamWriter<TResponse> responseStream,
        ServerCallContext context,
        ServerStreamingServerMethod<TRequest, TResponse> continuation)
    {
        using var stream = AdmitStream(context);
        await continuation(request, responseStream, context);
    }

    public override async Task<TResponse> ClientStreamingServerHandler<TRequest, TResponse>(
        IAsyncStreamReader<TRequest> requestStream,
        ServerCallContext context,
        ClientStreamingServerMethod<TRequest, TResponse> continuation)
    {
        using var stream = AdmitStream(context);
        return await continuation(requestStream, context);
    }

    public override async Task DuplexStreamingServerHandler<TRequest, TResponse>(
        IAsyncStreamReader<TRequest> requestStream,
        IServerStreamWriter<TResponse> responseStream,
        ServerCallContext context,
        DuplexStreamingServerMethod<TRequest, TResponse> continuation)
    {
        using var stream = AdmitStream(context);
        await continuation(requestStream, responseStream, context);
    }

    private IDisposable? AdmitStream(ServerCallContext call)
    {
        Admit(call);
        return call.Method.StartsWith(OpenServices, StringComparison.Ordinal) ? null : limits.Stream(call.Caller());
    }

    private void Admit(ServerCallContext call)
    {
        if (call.Method.StartsWith(OpenServices, StringComparison.Ordinal))
        {
            return;
        }

        var http = call.GetHttpContext();
        var shown = http.Certificate();
        if (settings.RequireClientCertificate && shown is null)
        {
            throw Unauthenticated("no client certificate", "Connect with a certificate of the federation.");
        }

        if (http.User.Identity is not { IsAuthenticated: true })
        {
            throw Unauthenticated(ProblemOf(http));
        }

        if (!BoundTokens.Admit(http.User, shown))
        {
            throw Unauthenticated(NoToken);
        }

        var caller = Caller.Of(http.User);
        var allowed = http.GetEndpoint()?.Metadata.GetMetadata<AllowRolesAttribute>()?.Roles ?? [];
        if (!caller.Roles.Intersect(allowed).Any())
        {
            throw new RefusedException(
                RefusalReason.RoleMissing,
                $"Your role does not allow {call.Method}; it needs one of: {string.Join(", ", allowed)}.",
                ("role", string.Join(",", allowed)));
        }

        limits.Call(caller);
        call.SetCaller(caller);
    }

    private static RefusedException Unauthenticated(string problem) => Unauthenticated(
        problem,
        "Get a new token from the issuer for this server, over a connection that shows the same certificate as the "
            + "call, and try again.");

    private static RefusedException Unauthenticated(string problem, string advice) =>
        new(RefusalReason.Unauthenticated, $"Not admitted: {problem}. {advice}", ("problem", problem));

    private static string ProblemOf(HttpContext http) =>
        http.Items.TryGetValue(ProblemKey, out var problem) ? Describe(problem) : NoToken;

    private static string Describe(object? problem) => problem switch
    {
        SecurityTokenExpiredException => "the token has expired",
        SecurityTokenNotYetValidException => "the token is not valid yet",
        SecurityTokenInvalidAudienceException => "the token is for another audience",
        SecurityTokenInvalidIssuerException => "the token is of another issuer",
        SecurityTokenSignatureKeyNotFoundException or SecurityTokenInvalidSignatureException =>
            "the token is not signed by the issuer",
        IssuerKeysException => "the keys of the issuer cannot be read",
        _ => "the token cannot be read",
    };
}
