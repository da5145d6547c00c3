using System.Net;
using Grpc.Core;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Traceability.Domain;

namespace Traceability.Hosting;

/// <summary>
/// Turns away those of one address who ask too much before they are known: connections before the handshake, calls
/// before anything is looked up for them. It costs little, and is told as samples.
/// </summary>
internal sealed partial class Doorstep(AddressLimits limits, SampledLog sampled, ILogger<Doorstep> logger)
{
    private static readonly RpcException Answer = GrpcErrors.Answer(
        RefusalReason.LimitExceeded,
        "Too many calls without a token from this address. Get one, or try again in a second.",
        new Dictionary<string, string> { ["limit"] = "anonymous_calls_per_second" });

    /// <summary>Before TLS: a handshake costs more than all else that a stranger can ask for.</summary>
    public ConnectionDelegate Guard(ConnectionDelegate next) => connection =>
    {
        var address = (connection.RemoteEndPoint as IPEndPoint)?.Address;
        if (limits.TakesConnection(address))
        {
            return next(connection);
        }

        Tell("connections", address);
        connection.Abort();
        return Task.CompletedTask;
    };

    /// <summary>Who shows no token at all. Before tokens are looked at.</summary>
    public Task KnockAsync(HttpContext http, RequestDelegate next) =>
        ShowsToken(http) || http.GetEndpoint()?.Metadata.GetMetadata<CountsItselfAttribute>() is not null
            ? next(http)
            : AdmitAsync(http, next);

    /// <summary>Whose token is none. After tokens were looked at.</summary>
    public Task RecognizeAsync(HttpContext http, RequestDelegate next) =>
        ShowsToken(http) && http.User.Identity is not { IsAuthenticated: true } ? AdmitAsync(http, next) : next(http);

    private static bool ShowsToken(HttpContext http) =>
        http.Request.Headers.Authorization is [{ } shown, ..]
        && shown.StartsWith("Bearer ", StringComparison.OrdinalIgnoreCase);

    private Task AdmitAsync(HttpContext http, RequestDelegate next)
    {
        var address = http.Connection.RemoteIpAddress;
        if (limits.TakesCall(address))
        {
            return next(http);
        }

        Tell("anonymous calls", address);
        if (http.Request.ContentType?.StartsWith("application/grpc", StringComparison.Ordinal) is true)
        {
            http.Response.ContentType = "application/grpc";
            GrpcErrors.Write(http.Response.Headers, Answer);
        }
        else
        {
            http.Response.StatusCode = StatusCodes.Status429TooManyRequests;
            http.Response.Headers.RetryAfter = "1";
        }

        return Task.CompletedTask;
    }

    private void Tell(string what, IPAddress? address)
    {
        if (sampled.Takes($"too many {what} from one address"))
        {
            LogTurnedAway(what, Networks.Of(address));
        }
    }

    [LoggerMessage(LogLevel.Information, "Too many {What} from {Network}: turned away")]
    private partial void LogTurnedAway(string what, string network);
}

/// <summary>An endpoint with limits of its own for those who are not known.</summary>
[AttributeUsage(AttributeTargets.All)]
public sealed class CountsItselfAttribute : Attribute;
