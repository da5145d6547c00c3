using Microsoft.AspNetCore;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using OpenIddict.Abstractions;
using OpenIddict.Server;
using Traceability.Hosting;
using static OpenIddict.Abstractions.OpenIddictConstants;
using static OpenIddict.Server.OpenIddictServerEvents;

namespace Traceability.Identity.Endpoints;

/// <summary>
/// Where secrets of clients are looked at, at the token endpoint and at revocation: whoever has tried wrong ones waits,
/// and is told so before anything is looked up.
/// </summary>
internal sealed partial class ClientAttempts(AttemptsOf attempts, SampledLog sampled, ILogger<ClientAttempts> logger)
    : IOpenIddictServerHandler<ValidateTokenRequestContext>, IOpenIddictServerHandler<ValidateRevocationRequestContext>,
        IOpenIddictServerHandler<ApplyTokenResponseContext>, IOpenIddictServerHandler<ApplyRevocationResponseContext>
{
    /// <summary>Before every other.</summary>
    private const int First = int.MinValue + 1;

    public static IEnumerable<OpenIddictServerHandlerDescriptor> All { get; } =
    [
        OpenIddictServerHandlerDescriptor.CreateBuilder<ValidateTokenRequestContext>()
            .UseSingletonHandler<ClientAttempts>().SetOrder(First).Build(),
        OpenIddictServerHandlerDescriptor.CreateBuilder<ValidateRevocationRequestContext>()
            .UseSingletonHandler<ClientAttempts>().SetOrder(First).Build(),
        OpenIddictServerHandlerDescriptor.CreateBuilder<ApplyTokenResponseContext>()
            .UseSingletonHandler<ClientAttempts>().SetOrder(First).Build(),
        OpenIddictServerHandlerDescriptor.CreateBuilder<ApplyRevocationResponseContext>()
            .UseSingletonHandler<ClientAttempts>().SetOrder(First).Build(),
    ];

    public ValueTask HandleAsync(ValidateTokenRequestContext context) => JudgeAsync(context);

    public ValueTask HandleAsync(ValidateRevocationRequestContext context) => JudgeAsync(context);

    public ValueTask HandleAsync(ApplyTokenResponseContext context) => Note(context, context.Response);

    public ValueTask HandleAsync(ApplyRevocationResponseContext context) => Note(context, context.Response);

    private async ValueTask JudgeAsync(BaseValidatingContext context)
    {
        var (name, network) = Who(context);
        if (context.Transaction.GetHttpRequest() is not { HttpContext: var http }
            || attempts.Clients.PauseFor(name, network) is not { } pause)
        {
            return;
        }

        if (sampled.Takes("a client has to wait before it tries a secret"))
        {
            LogWaits(network);
        }

        http.Response.StatusCode = StatusCodes.Status429TooManyRequests;
        http.Response.Headers.RetryAfter = $"{Math.Ceiling(pause.TotalSeconds)}";
        await http.Response.WriteAsJsonAsync(new { error = Errors.TemporarilyUnavailable }, http.RequestAborted);
        context.HandleRequest();
    }

    private ValueTask Note(BaseContext context, OpenIddictResponse response)
    {
        var (name, network) = Who(context);
        if (response.Error == Errors.InvalidClient)
        {
            attempts.Clients.Fail(name, network);
            if (sampled.Takes("a client's secret was refused"))
            {
                LogRefused(network);
            }
        }
        else if (response.Error is null or "")
        {
            attempts.Clients.Succeed(name, network);
        }

        return ValueTask.CompletedTask;
    }

    private static (string Name, string Network) Who(BaseContext context) => (
        context.Transaction.Request?.ClientId ?? "",
        Networks.Of(context.Transaction.GetHttpRequest()?.HttpContext.Connection.RemoteIpAddress));

    [LoggerMessage(LogLevel.Information, "A client at {Network} has to wait before it tries another secret")]
    private partial void LogWaits(string network);

    [LoggerMessage(LogLevel.Information, "A client at {Network} was refused: unknown, or its secret is wrong")]
    private partial void LogRefused(string network);
}
