using Grpc.Core;
using Grpc.Wire;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core.Features;
using Microsoft.Extensions.Logging;

namespace Grpc.AspNetCore.Server;

/// <summary>Runs one call and says how it ended.</summary>
internal sealed class CallHandler(
    IMethod method, GrpcServiceOptions options, ILogger logger, Func<HttpServerCallContext, Task> run)
{
    private static readonly Status Late = new(StatusCode.DeadlineExceeded, "Deadline Exceeded");

    public async Task HandleAsync(HttpContext http)
    {
        if (!HttpProtocol.IsHttp2(http.Request.Protocol) || !IsGrpc(http.Request.ContentType))
        {
            http.Response.StatusCode = StatusCodes.Status415UnsupportedMediaType;
            return;
        }

        http.Response.ContentType = Headers.ContentType;
        LetStreamsBeSlow(http);
        using var call = new HttpServerCallContext(http, method, options);
        var status = await RunAsync(call);
        if (!http.RequestAborted.IsCancellationRequested)
        {
            call.WriteStatus(status);
        }
    }

    /// <summary>"application/grpc" and "application/grpc+proto", but not gRPC-Web.</summary>
    private static bool IsGrpc(string? contentType) =>
        contentType is not null
        && contentType.StartsWith(Headers.ContentType, StringComparison.OrdinalIgnoreCase)
        && (contentType.Length == Headers.ContentType.Length || contentType[Headers.ContentType.Length] is ';' or '+');

    /// <summary>A stream may be silent for hours and carry any number of messages; each has its own limit.</summary>
    private static void LetStreamsBeSlow(HttpContext http)
    {
        http.Features.Get<IHttpResponseBodyFeature>()?.DisableBuffering();
        if (http.Features.Get<IHttpMinRequestBodyDataRateFeature>() is { } rate)
        {
            rate.MinDataRate = null;
        }

        if (http.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } size)
        {
            size.MaxRequestBodySize = null;
        }
    }

    private async Task<Status> RunAsync(HttpServerCallContext call)
    {
        try
        {
            await run(call);
            return call.DeadlineExceeded ? Late : call.Status;
        }
        catch (RpcException exception)
        {
            foreach (var entry in exception.Trailers)
            {
                call.ResponseTrailers.Add(entry);
            }

            return exception.Status;
        }
        catch (Exception) when (call.DeadlineExceeded)
        {
            return Late;
        }
        catch (Exception) when (call.CancellationToken.IsCancellationRequested)
        {
            return Status.DefaultCancelled;
        }
        catch (Exception exception)
        {
            logger.LogError(exception, "{Method} failed", method.FullName);
            var more = options.EnableDetailedErrors == true
                ? $" {exception.GetType().Name}: {exception.Message}"
                : "";
            return new Status(StatusCode.Unknown, $"Exception was thrown by handler.{more}");
        }
    }
}
