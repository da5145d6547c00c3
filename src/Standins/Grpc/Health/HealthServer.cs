using Grpc.Core;
using Grpc.Health.V1;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Grpc.AspNetCore.HealthChecks
{
    using Serving = HealthCheckResponse.Types.ServingStatus;
    using Status = Grpc.Core.Status;

    /// <summary>Answers from the host's own health checks; the empty name stands for all of them.</summary>
    internal sealed class HealthServer(HealthCheckService checks) : Health.V1.Health.HealthBase
    {
        private static readonly TimeSpan WatchPeriod = TimeSpan.FromSeconds(5);

        public override async Task<HealthCheckResponse> Check(HealthCheckRequest request, ServerCallContext context)
        {
            var status = await StatusAsync(request, context);
            return status == Serving.ServiceUnknown
                ? throw new RpcException(new Status(StatusCode.NotFound, ""))
                : new HealthCheckResponse { Status = status };
        }

        public override async Task Watch(
            HealthCheckRequest request, IServerStreamWriter<HealthCheckResponse> responseStream, ServerCallContext context)
        {
            using var timer = new PeriodicTimer(WatchPeriod);
            Serving? told = null;
            do
            {
                var status = await StatusAsync(request, context);
                if (status != told)
                {
                    await responseStream.WriteAsync(new HealthCheckResponse { Status = status }, context.CancellationToken);
                    told = status;
                }
            }
            while (await timer.WaitForNextTickAsync(context.CancellationToken));
        }

        private async Task<Serving> StatusAsync(HealthCheckRequest request, ServerCallContext context)
        {
            if (request.Service.Length > 0)
            {
                return Serving.ServiceUnknown;
            }

            var report = await checks.CheckHealthAsync(context.CancellationToken);
            return report.Status == HealthStatus.Unhealthy ? Serving.NotServing : Serving.Serving;
        }
    }
}

namespace Microsoft.Extensions.DependencyInjection
{
    /// <summary>Registers the health service.</summary>
    public static class GrpcHealthChecksServiceExtensions
    {
        public static IHealthChecksBuilder AddGrpcHealthChecks(this IServiceCollection services) =>
            services.AddHealthChecks();
    }
}

namespace Microsoft.AspNetCore.Builder
{
    using Microsoft.AspNetCore.Routing;

    /// <summary>Maps the health service.</summary>
    public static class GrpcHealthChecksEndpointRouteBuilderExtensions
    {
        public static GrpcServiceEndpointConventionBuilder MapGrpcHealthChecksService(this IEndpointRouteBuilder builder) =>
            builder.MapGrpcService<Grpc.AspNetCore.HealthChecks.HealthServer>();
    }
}
