using System.Text;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Traceability.Contracts.Broker.V1;
using Traceability.Contracts.Common.V1;
using Traceability.Contracts.Node.V1;
using Traceability.IntegrationTests.Harness;
using Traceability.Local.Demo;
using Traceability.Local.Federation;
using Traceability.Proofs;
using Traceability.Proofs.Logs;
using Xunit;
using Wire = Traceability.Contracts.Broker.V1;
using WireEntry = Traceability.Contracts.Broker.V1.KeyEntry;

namespace Traceability.IntegrationTests.Disclosure;

/// <summary>Three nodes that know no broker but one that lies.</summary>
public sealed class LyingFederation : IAsyncLifetime
{
    private CompanyAtWork[] _companies = [];

    public LiveFederation Live { get; private set; } = null!;

    public MovableClock Clock { get; } = new();

    internal LyingBroker Broker { get; private set; } = null!;

    public CompanyAtWork Supplier => _companies[0];

    public CompanyAtWork Buyer => _companies[1];

    public CompanyAtWork Other => _companies[2];

    /// <summary>A company that no lie is told to before the last.</summary>
    public CompanyAtWork Last => _companies[3];

    /// <summary>The same part, shown to the same buyer and to another customer.</summary>
    public string Made { get; private set; } = "";

    public string Bought { get; private set; } = "";

    public string Trade { get; private set; } = "";

    public string SecondBought { get; private set; } = "";

    public string SecondTrade { get; private set; } = "";

    public string OthersBought { get; private set; } = "";

    public int Kilograms { get; set; } = 1;

    public async Task InitializeAsync()
    {
        var address = new Uri($"https://127.0.0.1:{LocalFederation.FreePort()}");
        Live = await LiveFederation.StartAsync(
            Place.Apart(["supplier", "buyer", "other", "last"]), new(NodesBroker: $"{address}"), minutes: 10,
            clock: Clock);
        Broker = await LyingBroker.StartAsync(Live.Processes, address);
        await Live.EnrolAsync();
        List<CompanyAtWork> companies = [];
        foreach (var company in Live.Processes.Companies)
        {
            companies.Add(await Live.AtWorkAsync(company.Name));
        }

        _companies = [.. companies];
        (Made, Bought, Trade) = await Supplier.DeliverAsync(Buyer, $"{Kilograms}", Live.Deadline);
        (SecondBought, SecondTrade) = await ShowAsync(Buyer);
        (OthersBought, _) = await ShowAsync(Other);
    }

    public async Task DisposeAsync()
    {
        _companies.ToList().ForEach(company => company.Dispose());
        await Broker.DisposeAsync();
        await Live.DisposeAsync();
    }

    private async Task<(string Bought, string Trade)> ShowAsync(CompanyAtWork customer)
    {
        var bought = await customer.RegisterAsync("bought", PartKind.Bought);
        var trade = await customer.RequestAsync(Supplier.Company, bought, "");
        await Supplier.AnswerAsync(trade, Made, Live.Deadline);
        await customer.WaitForTotalAsync(bought, $"{Kilograms}", Live.Deadline);
        return (bought, trade);
    }
}

/// <summary>
/// A broker that hands out other keys, hides, repeats, moves, makes up and forges. Whatever it does, it reads no figure,
/// none is counted that was not sent, the lie has no effect or is named, and what is honest goes on.
/// </summary>
public sealed class LyingBrokerTests(LyingFederation federation) : IClassFixture<LyingFederation>, IDisposable
{
    /// <summary>A lie that is not found within the minute that is promised is not found.</summary>
    private readonly CancellationTokenSource _timer = new(TimeSpan.FromMinutes(1));

    private static readonly PrivateKey Liars = PrivateKey.Create();

    private LyingBroker Broker => federation.Broker;

    private CancellationToken Deadline => _timer.Token;

    private Guid Supplier => federation.Supplier.Company.OperatorId;

    private Guid Buyer => federation.Buyer.Company.OperatorId;

    private Guid Other => federation.Other.Company.OperatorId;

    public void Dispose()
    {
        Broker.TellTheTruth();
        _timer.Dispose();
    }

    public static TheoryData<string> LiesAboutKeys =>
    [
        "another sealing key", "another chain of keys", "a key that the owner did not sign for", "an old key",
        "the keys of another member", "no entries at all", "a swapped entry",
    ];

    /// <summary>The buyer has a new sealing key, so that the supplier asks for it: and is lied to.</summary>
    [Theory]
    [MemberData(nameof(LiesAboutKeys))]
    public async Task Nothing_is_sealed_to_a_key_that_its_owner_did_not_publish(string lie)
    {
        var other = (await DirectlyAsync(Other)).KeyEntries;
        if (lie == "another sealing key")
        {
            Lie<GetOperatorRequest, GetOperatorResponse>("DirectoryService/GetOperator", Supplier, (_, answer) =>
            {
                answer.Operator.Keys.Where(key => key.Use == Wire.KeyUse.Sealing).ToList()
                    .ForEach(key => (key.Jwk, key.KeyId) = (Liars.Public.ToJwk(), Liars.Public.KeyId));
                return answer;
            });
        }
        else
        {
            Lie<GetKeyEntriesRequest, GetKeyEntriesResponse>("KeyLogService/GetKeyEntries", Supplier, (request, answer) =>
            {
                Falsify(request.OperatorId == $"{Buyer}" ? lie : "", answer.Entries, other);
                return answer;
            });
        }

        await new KeyService.KeyServiceClient(federation.Buyer.Channel).RotateKeyAsync(
            new() { Use = "sealing" }, federation.Buyer.Call);
        await DeclareAsync();
        if (lie != "another sealing key")
        {
            // What the directory says beside the log nobody believes anyway.
            var problem = await ProblemAsync(federation.Supplier, one => one.Reason == "KEY_NOT_PROVEN");
            Broker.TellTheTruth();
            await RetryAsync(federation.Supplier, problem);
        }

        await ArrivesAsync();
        await GoesOnAsync();
    }

    private void Falsify(
        string lie, Google.Protobuf.Collections.RepeatedField<WireEntry> entries, IEnumerable<WireEntry> other)
    {
        switch (lie)
        {
            case "another chain of keys":
                Replace(entries, Chain(Buyer));
                break;
            case "a key that the owner did not sign for":
                entries.Add(Entry(Read(entries).Next(
                    KeyAct.Publish, KeyUses.Sealing, Liars.Public.ToJwk(), Now), Liars));
                break;
            case "an old key":
                entries.RemoveAt(entries.Count - 1);
                break;
            case "the keys of another member":
                Replace(entries, other);
                break;
            case "no entries at all":
                entries.Clear();
                break;
            case "a swapped entry":
                var chain = Read(entries.Take(entries.Count - 1));
                entries[^1] = Entry(chain.Next(KeyAct.Publish, KeyUses.Sealing, Liars.Public.ToJwk(), Now), Liars);
                break;
        }
    }

    [Fact]
    public async Task A_key_of_which_the_revocation_is_hidden_is_not_believed()
    {
        var keys = new KeyService.KeyServiceClient(federation.Supplier.Channel);
        Lie<GetKeyEntriesRequest, GetKeyEntriesResponse>("KeyLogService/GetKeyEntries", Buyer, (request, answer) =>
        {
            if (request.OperatorId == $"{Supplier}")
            {
                answer.Entries.RemoveAt(answer.Entries.Count - 1);
            }

            return answer;
        });
        var current = (await keys.ListKeysAsync(new(), federation.Supplier.Call)).Keys.Last(
            key => key.Use == "signing" && key.Current);
        await keys.RevokeKeyAsync(new() { KeyId = current.KeyId }, federation.Supplier.Call);
        await DeclareAsync();
        var problem = await ProblemAsync(federation.Buyer, one => one.Reason == "KEY_NOT_PROVEN");
        Broker.TellTheTruth();
        await RetryAsync(federation.Buyer, problem);
        await ArrivesAsync();
        await GoesOnAsync();
    }

    public static TheoryData<string, string> LiesAboutMessages => new()
    {
        { "dropped", "missing_message" },
        { "taken and never stored", "missing_message" },
        { "delivered twice", "repeated_message" },
        { "held back until after the next", "late_message" },
    };

    [Theory]
    [MemberData(nameof(LiesAboutMessages))]
    public async Task What_is_dropped_repeated_or_moved_is_named(string lie, string alarm)
    {
        var known = (await AlarmsAsync(federation.Buyer)).Count(one => one.Kind == alarm);
        WatchMessagesResponse? held = null;
        if (lie == "taken and never stored")
        {
            Broker.Says = async (caller, method, request, ask) =>
                caller == Supplier && method.EndsWith("/SubmitDisclosure", StringComparison.Ordinal)
                && SubmitDisclosureRequest.Parser.ParseFrom(request).TradeId == federation.Trade
                    ? new SubmitDisclosureResponse().ToByteArray()
                    : await ask(request);
        }
        else
        {
            Broker.Delivers = (recipient, response) =>
            {
                if (!IsMessage(recipient, response))
                {
                    return [response];
                }

                held ??= response;
                return lie == "delivered twice" ? [response, response] : [];
            };
        }

        await DeclareAsync();
        await Wait.UntilAsync(() => SentAsync(federation.Kilograms), Deadline);
        if (lie is "dropped" or "held back until after the next")
        {
            await Wait.UntilAsync(() => Task.FromResult(held is not null), Deadline);
        }

        Broker.TellTheTruth();
        await DeclareAsync();
        await ArrivesAsync();
        if (lie == "held back until after the next")
        {
            Broker.Inject(Buyer, held!);
        }

        await Wait.UntilAsync(
            async () => (await AlarmsAsync(federation.Buyer)).Count(one => one.Kind == alarm) > known, Deadline);
        await ArrivesAsync();
        await GoesOnAsync();
    }

    public static TheoryData<string> LiesAboutWhoAndWhat =>
    [
        "the message of another customer", "of another trade", "an earlier one under a new name", "made up", "unreadable",
    ];

    [Theory]
    [MemberData(nameof(LiesAboutWhoAndWhat))]
    public async Task What_was_not_sent_so_is_not_counted_and_kept(string lie)
    {
        var refused = await RefusedAsync();
        var theirs = Broker.DeliveredTo(Other).Last(one => one.Message.Disclosure is not null).Message;
        var mine = Broker.DeliveredTo(Buyer).Where(one => one.Message.Disclosure is not null).ToArray();
        var earlier = mine.Last(one => one.Message.TradeId == federation.Trade).Message;
        var second = mine.Last(one => one.Message.TradeId == federation.SecondTrade).Message;
        var forged = lie switch
        {
            "the message of another customer" => theirs.Disclosure.SealedStatement,
            "of another trade" => second.Disclosure.SealedStatement,
            "made up" => JsonWebEncryption.Seal(
                PublicKey.FromJwk((await DirectlyAsync(Buyer)).Keys.Last(
                    key => key.Use == Wire.KeyUse.Sealing && key.ValidUntilTime is null).Jwk),
                "traceability-disclosure+jwe",
                Encoding.UTF8.GetBytes("\"nothing\"")),
            "unreadable" => "nothing",
            _ => earlier.Disclosure.SealedStatement,
        };
        var last = mine[^1];
        var message = earlier.Clone();
        (message.MessageId, message.Disclosure.SealedStatement) = ($"{Guid.CreateVersion7()}", forged);
        Broker.Inject(Buyer, new() { Message = message, Cursor = last.Cursor });

        await Wait.UntilAsync(async () => await RefusedAsync() > refused, Deadline);
        await ArrivesAsync();
        await GoesOnAsync();
    }

    [Fact]
    public async Task A_changed_sender_is_named()
    {
        Broker.Delivers = (recipient, response) =>
        {
            if (IsMessage(recipient, response))
            {
                response.Message.SenderOperatorId = $"{Other}";
            }

            return [response];
        };
        await DeclareAsync();
        var problem = await ProblemAsync(
            federation.Buyer, one => one.Kind == ProblemKind.Message && one.About.EndsWith(federation.Trade, StringComparison.Ordinal));
        Broker.TellTheTruth();
        await DropAsync(federation.Buyer, problem);
        await GoesOnAsync();
    }

    [Fact]
    public async Task A_wrong_time_is_not_what_anything_is_judged_by()
    {
        Broker.Delivers = (recipient, response) =>
        {
            if (IsMessage(recipient, response))
            {
                response.Message.SubmitTime = Now.AddYears(-1).ToTimestamp();
            }

            return [response];
        };
        await DeclareAsync();
        await ArrivesAsync();
        await GoesOnAsync();
    }

    [Fact]
    public async Task A_false_refusal_is_named_and_what_was_refused_can_be_sent()
    {
        Broker.Says = async (caller, method, request, ask) =>
            caller == Supplier && method.EndsWith("/SubmitDisclosure", StringComparison.Ordinal)
            && SubmitDisclosureRequest.Parser.ParseFrom(request).TradeId == federation.Trade
                ? throw new RpcException(new Status(StatusCode.FailedPrecondition, "No release is in force."))
                : await ask(request);
        await DeclareAsync();
        var problem = await ProblemAsync(federation.Supplier, one => one.Kind == ProblemKind.Notice);
        Broker.TellTheTruth();
        await RetryAsync(federation.Supplier, problem);
        await ArrivesAsync();
        await GoesOnAsync();
    }

    /// <summary>After the supplier has taken it back, the last figure is delivered again.</summary>
    [Fact]
    public async Task What_is_not_shown_any_more_cannot_be_delivered_again()
    {
        var last = Broker.DeliveredTo(Buyer).Last(one => one.Message.TradeId == federation.SecondTrade
            && one.Message.Disclosure is not null);
        var refused = await RefusedAsync();
        await federation.Supplier.Releases.RevokeReleaseAsync(
            new() { TradeId = federation.SecondTrade }, federation.Supplier.Call);
        await federation.Buyer.WaitForAsync(federation.SecondBought, one => !one.Complete, Deadline);
        Broker.Inject(Buyer, new() { Message = last.Message, Cursor = Broker.DeliveredTo(Buyer)[^1].Cursor });
        await Wait.UntilAsync(async () => await RefusedAsync() > refused, Deadline);

        Assert.False((await federation.Buyer.FootprintAsync(federation.SecondBought)).Complete);
        await federation.Supplier.ReleaseAsync(federation.SecondTrade, FootprintField.Total);
        await federation.Buyer.WaitForTotalAsync(federation.SecondBought, $"{federation.Kilograms}", Deadline);
        await GoesOnAsync();
    }

    public static TheoryData<string> LiesAboutActs =>
    [
        "a release that ended", "a trade that ended", "an answer with another part", "a refusal", "a withdrawal",
        "a request", "an act of another trade", "a signature of another act",
    ];

    [Theory]
    [MemberData(nameof(LiesAboutActs))]
    public async Task What_nobody_did_has_no_effect_and_is_named(string lie)
    {
        var last = Broker.DeliveredTo(Buyer)[^1];
        var accepted = Broker.DeliveredTo(Buyer).First(one => one.Message.TradeAccepted is not null
            && one.Message.TradeId == federation.Trade).Message;
        var message = new MailboxMessage
        {
            MessageId = $"{Guid.CreateVersion7()}",
            SenderOperatorId = $"{Supplier}",
            TradeId = federation.Trade,
            SubmitTime = Now.ToTimestamp(),
        };
        switch (lie)
        {
            case "a release that ended":
                message.ReleaseRevoked = new();
                break;
            case "a trade that ended":
                message.TradeEnded = new();
                break;
            case "an answer with another part":
                message.TradeAccepted = new() { PartRef = "another" };
                message.SignedAct = accepted.SignedAct;
                break;
            case "a refusal":
                message.TradeRejected = new();
                break;
            case "a withdrawal":
                message.TradeCancelled = new();
                break;
            case "a request":
                message.TradeId = $"{Guid.CreateVersion7()}";
                message.TradeRequested = new() { SealedLetter = "nothing" };
                break;
            case "an act of another trade":
                message.TradeId = federation.SecondTrade;
                message.TradeAccepted = accepted.TradeAccepted;
                message.SignedAct = accepted.SignedAct;
                break;
            default:
                message.TradeEnded = new();
                message.SignedAct = accepted.SignedAct;
                break;
        }

        Broker.Inject(Buyer, new() { Message = message, Cursor = last.Cursor });

        var problem = await ProblemAsync(federation.Buyer, one => one.Reason == "MESSAGE_NOT_PROVEN");
        Assert.Contains("ask that company", problem.Explanation, StringComparison.Ordinal);
        await ArrivesAsync();
        await DropAsync(federation.Buyer, problem);
        await GoesOnAsync();
    }

    [Fact]
    public async Task That_a_release_ended_is_not_told_twice_and_not_kept_back()
    {
        var told = await EndAndShowAgainAsync();
        Broker.Inject(Buyer, new() { Message = told.Message, Cursor = Broker.DeliveredTo(Buyer)[^1].Cursor });
        await Wait.UntilAsync(
            async () => (await AlarmsAsync(federation.Buyer)).Any(one => one.Kind == "repeated_message"
                && one.About.StartsWith(federation.SecondTrade, StringComparison.Ordinal)),
            Deadline);
        Assert.True((await federation.Buyer.FootprintAsync(federation.SecondBought)).Complete);

        Broker.Delivers = (recipient, response) => response.Message.ReleaseRevoked is null ? [response] : [];
        await EndAndShowAgainAsync();
        Broker.TellTheTruth();
        await Wait.UntilAsync(
            async () => (await AlarmsAsync(federation.Buyer)).Any(one => one.Kind == "missing_message"
                && one.About.StartsWith(federation.SecondTrade, StringComparison.Ordinal)),
            Deadline);
        await GoesOnAsync();
    }

    private async Task<WatchMessagesResponse> EndAndShowAgainAsync()
    {
        var before = Revocations().Length;
        await federation.Supplier.Releases.RevokeReleaseAsync(
            new() { TradeId = federation.SecondTrade }, federation.Supplier.Call);
        await Wait.UntilAsync(() => Task.FromResult(Revocations().Length > before), Deadline);
        await federation.Supplier.ReleaseAsync(federation.SecondTrade, FootprintField.Total);
        await DeclareAsync();
        await federation.Buyer.WaitForTotalAsync(federation.SecondBought, $"{federation.Kilograms}", Deadline);
        return Revocations()[^1];
    }

    private WatchMessagesResponse[] Revocations() =>
        [.. Broker.DeliveredTo(Buyer).Where(one => one.Message.ReleaseRevoked is not null)];

    public static TheoryData<string, string> LiesAboutDecisions => new()
    {
        { "made up", "forged_decision" },
        { "kept back", "missing_decision" },
    };

    [Theory]
    [MemberData(nameof(LiesAboutDecisions))]
    public async Task What_the_broker_did_not_decide_so_is_named(string lie, string alarm)
    {
        var forged = $"{Guid.CreateVersion7()}";
        Lie<ListDecisionsRequest, ListDecisionsResponse>("LogService/ListDecisions", Supplier, (_, answer) =>
        {
            var last = answer.Decisions.Last(one => one.Disclosed);
            var made = last.Clone();
            made.MessageId = forged;
            if (lie == "made up")
            {
                answer.Decisions.Add(made);
            }
            else
            {
                answer.Decisions.Remove(last);
            }

            return answer;
        });
        await DeclareAsync();
        await ArrivesAsync();
        await Wait.UntilAsync(
            async () =>
            {
                federation.Clock.MoveTo(federation.Clock.GetUtcNow().AddSeconds(1));
                return (await AlarmsAsync(federation.Supplier)).Any(one => one.Kind == alarm
                    && (lie == "kept back" || one.About == forged));
            },
            Deadline);
        Broker.TellTheTruth();
        await GoesOnAsync();
    }

    /// <summary>
    /// One member is shown a log of decisions that goes on otherwise, with valid proofs. Whom it writes to is shown the
    /// real one.
    /// </summary>
    [Fact]
    public async Task Two_logs_of_decisions_are_found_by_what_members_tell_each_other()
    {
        var secret = Encoding.UTF8.GetBytes((await File.ReadAllTextAsync(federation.Live.Processes.BrokerLogSecret)).Trim());
        var signer = LogKeys.Of(LogKeys.BrokerOrigin, secret).Signer;
        var real = await federation.Live.Processes.RowsAsync(
            federation.Live.Processes.BrokerDatabase,
            "select encode(leaf_hash, 'base64') from traceability.log_leaf order by idx", Deadline);
        byte[][] hashes = [.. real.Select(Convert.FromBase64String), new byte[32]];
        var nodes = Nodes(hashes);
        var other = $"{signer.Sign(new Checkpoint(LogKeys.BrokerOrigin, hashes.Length, Root(hashes, hashes.Length)).Text)}";
        Lie<GetBrokerCheckpointRequest, GetBrokerCheckpointResponse>(
            "WitnessService/GetBrokerCheckpoint", Other, (request, answer) =>
            {
                answer.Checkpoint = other;
                answer.ConsistencyProof.Clear();
                if (request.OldSize > 0 && request.OldSize < hashes.Length)
                {
                    answer.ConsistencyProof.AddRange(MerkleTree.ConsistencyProof(
                        request.OldSize, hashes.Length, node => nodes[node]).Select(hash => ByteString.CopyFrom(hash)));
                }

                return answer;
            });
        var bought = await federation.Other.RegisterAsync("asked", PartKind.Bought);

        await Wait.UntilAsync(
            async () =>
            {
                await DeclareAsync();
                await federation.Other.RequestAsync(federation.Supplier.Company, bought, "");
                federation.Clock.MoveTo(federation.Clock.GetUtcNow().AddSeconds(1));
                return (await AlarmsAsync(federation.Supplier)).Any(one => one.Kind == "equivocation"
                    && one.About.StartsWith("decisions", StringComparison.Ordinal));
            },
            Deadline);

        var found = (await AlarmsAsync(federation.Supplier)).First(one => one.Kind == "equivocation");
        var evidence = System.Text.Json.Nodes.JsonNode.Parse(found.Evidence)!;
        var verifier = NoteVerifier.Parse(evidence["verifier"]!.GetValue<string>());
        Assert.All(
            ["first", "second"],
            name => Assert.True(verifier.HasSigned(SignedNote.Parse(evidence[name]!.GetValue<string>()))));
        Broker.TellTheTruth();
        await GoesOnAsync();
        // Its own node finds that the log does not go on as it did.
        await Wait.UntilAsync(
            async () =>
            {
                federation.Clock.MoveTo(federation.Clock.GetUtcNow().AddSeconds(1));
                return (await AlarmsAsync(federation.Other)).Any(one => one.Kind == "rewritten_log");
            },
            Deadline);
    }

    public static TheoryData<string> LiesAboutCosignatures => ["none", "forged", "of a member that it invented"];

    [Theory]
    [MemberData(nameof(LiesAboutCosignatures))]
    public async Task Keys_are_not_used_before_a_real_member_has_cosigned_the_log(string lie)
    {
        var invented = Guid.CreateVersion7();
        var signer = LogKeys.Of(LogKeys.OriginOf(invented), new byte[32]).Signer;
        string Falsified(string note)
        {
            var signed = SignedNote.Parse(note);
            var own = signed.Signatures.Where(one => one.Name == LogKeys.KeysOrigin);
            return lie switch
            {
                "none" => $"{signed with { Signatures = [.. own] }}",
                "forged" => $"{signed with
                {
                    Signatures = [.. own, .. signed.Signatures.Where(one => one.Name != LogKeys.KeysOrigin)
                        .Select(one => one with { Signature = [.. one.Signature[..^1], (byte)~one.Signature[^1]] })],
                }}",
                _ => $"{signed with { Signatures = [.. own, signer.Cosign(signed.Text, Now)] }}",
            };
        }

        Broker.Shows = (caller, shown) =>
        {
            string[] notes = [.. shown.Checkpoints.Select(Falsified)];
            return caller == Supplier ? new() { Checkpoints = { notes }, VerifierKey = shown.VerifierKey } : shown;
        };
        Broker.Says = async (caller, method, request, ask) =>
        {
            if (caller == Supplier && method.EndsWith("/ListKeyLeaves", StringComparison.Ordinal))
            {
                var answer = ListKeyLeavesResponse.Parser.ParseFrom(await ask(request));
                string[] notes = [.. answer.Checkpoints.Select(Falsified)];
                answer.Checkpoints.Clear();
                answer.Checkpoints.AddRange(notes);
                return answer.ToByteArray();
            }

            if (method.EndsWith("/GetKeyEntries", StringComparison.Ordinal)
                && GetKeyEntriesRequest.Parser.ParseFrom(request).OperatorId == $"{invented}")
            {
                return new GetKeyEntriesResponse { Entries = { Chain(invented) } }.ToByteArray();
            }

            return await ask(request);
        };
        await new KeyService.KeyServiceClient(federation.Buyer.Channel).RotateKeyAsync(
            new() { Use = "sealing" }, federation.Buyer.Call);
        await Wait.UntilAsync(
            async () =>
            {
                var check = await CheckAsync(federation.Supplier);
                Assert.DoesNotContain($"{invented}", check.Cosigners);
                var buyer = check.Members.Single(one => one.OperatorId == $"{Buyer}");
                return !buyer.Proven && buyer.Reason.Contains("cosigned", StringComparison.Ordinal);
            },
            Deadline);
        if (lie == "forged")
        {
            await Wait.UntilAsync(
                async () => (await AlarmsAsync(federation.Supplier)).Any(one => one.Kind == "forged_cosignature"), Deadline);
        }

        Broker.TellTheTruth();
        await GoesOnAsync();
    }

    [Fact]
    public async Task A_log_that_becomes_shorter_is_named()
    {
        string[] before = [];
        Broker.Says = async (caller, method, request, ask) =>
        {
            var answer = await ask(request);
            if (caller != Buyer || !method.EndsWith("/ListKeyLeaves", StringComparison.Ordinal))
            {
                return answer;
            }

            var page = ListKeyLeavesResponse.Parser.ParseFrom(answer);
            page.Checkpoints.Clear();
            page.Leaves.Clear();
            page.Checkpoints.AddRange(before);
            return page.ToByteArray();
        };
        Broker.Shows = (caller, shown) =>
        {
            if (caller != Buyer)
            {
                return shown;
            }

            before = before.Length > 0 ? before : [.. shown.Checkpoints.Skip(1)];
            return new() { Checkpoints = { before }, VerifierKey = shown.VerifierKey };
        };
        await new KeyService.KeyServiceClient(federation.Other.Channel).RotateKeyAsync(
            new() { Use = "sealing" }, federation.Other.Call);
        // Others have seen the newest, and say so with what they send.
        await Wait.UntilAsync(
            async () =>
            {
                await DeclareAsync();
                await ArrivesAsync();
                federation.Clock.MoveTo(federation.Clock.GetUtcNow().AddSeconds(15));
                return (await AlarmsAsync(federation.Buyer)).Any(one => one.Kind == "shortened_log");
            },
            Deadline);
        Broker.TellTheTruth();
        await new KeyService.KeyServiceClient(federation.Other.Channel).RotateKeyAsync(
            new() { Use = "sealing" }, federation.Other.Call);
        await GoesOnAsync();
    }

    /// <summary>
    /// One member is shown a log in which the broker has written a key of its own, signed as the real one is. What its
    /// supplier sends says that there is another.
    /// </summary>
    [Fact]
    public async Task Two_logs_are_found_by_what_members_tell_each_other_with_both_pieces_of_evidence()
    {
        var last = federation.Last;
        var bought = await last.RegisterAsync("bought", PartKind.Bought);
        var trade = await last.RequestAsync(federation.Supplier.Company, bought, "");
        await federation.Supplier.AnswerAsync(trade, federation.Made, Deadline);
        await last.WaitForTotalAsync(bought, $"{federation.Kilograms}", Deadline);
        var secret = Encoding.UTF8.GetBytes((await File.ReadAllTextAsync(federation.Live.Processes.BrokerLogSecret)).Trim());
        var signer = LogKeys.Of(LogKeys.KeysOrigin, secret).Signer;
        var real = await LeavesAsync();
        var tree = new KeyTree();
        real.ToList().ForEach(tree.Append);
        var own = KeyTree.Leaf(last.Company.OperatorId, new byte[32]);
        var other = $"{signer.Sign(new Checkpoint(LogKeys.KeysOrigin, real.Count + 1, tree.RootWith(own)).Text)}";
        Broker.Shows = (caller, shown) => caller == last.Company.OperatorId
            ? new() { Checkpoints = { other }, VerifierKey = shown.VerifierKey }
            : shown;
        Broker.Says = async (caller, method, request, ask) =>
        {
            var answer = await ask(request);
            if (caller != last.Company.OperatorId || !method.EndsWith("/ListKeyLeaves", StringComparison.Ordinal))
            {
                return answer;
            }

            var page = ListKeyLeavesResponse.Parser.ParseFrom(answer);
            page.Leaves.Clear();
            page.Leaves.AddRange(real.Append(own)
                .Skip(int.Parse(ListKeyLeavesRequest.Parser.ParseFrom(request).PageToken, null))
                .Select(leaf => ByteString.CopyFrom(leaf)));
            page.Checkpoints.Clear();
            page.Checkpoints.Add(other);
            return page.ToByteArray();
        };

        await new KeyService.KeyServiceClient(federation.Other.Channel).RotateKeyAsync(
            new() { Use = "sealing" }, federation.Other.Call);
        await Wait.UntilAsync(
            async () =>
            {
                await DeclareAsync();
                await last.WaitForTotalAsync(bought, $"{federation.Kilograms}", Deadline);
                return (await AlarmsAsync(last)).Any(one => one.Kind == "equivocation");
            },
            Deadline);

        // A third person needs nothing but the evidence.
        var found = (await AlarmsAsync(last)).First(one => one.Kind == "equivocation");
        var evidence = System.Text.Json.Nodes.JsonNode.Parse(found.Evidence)!;
        var verifier = NoteVerifier.Parse(evidence["verifier"]!.GetValue<string>());
        SignedNote[] notes =
            [.. new[] { "first", "second" }.Select(name => SignedNote.Parse(evidence[name]!.GetValue<string>()))];
        Assert.All(notes, note => Assert.True(verifier.HasSigned(note)));
        byte[][] hashes = [.. evidence["leaves"]!.AsArray().Select(one => Convert.FromBase64String(one!.GetValue<string>()))];
        var (first, second) = (Checkpoint.Parse(notes[0].Text), Checkpoint.Parse(notes[1].Text));
        Assert.Equal(first.Root, Root(hashes, first.Size));
        Assert.NotEqual(second.Root, Root(hashes, second.Size));

        // It is also the name of a key that this company has not published.
        Assert.Contains(await AlarmsAsync(last), one => one.Kind == "foreign_key");
        Assert.NotEmpty((await CheckAsync(last)).SealingStopped);
        Broker.TellTheTruth();
        await GoesOnAsync();
    }

    private async Task<IReadOnlyList<byte[]>> LeavesAsync()
    {
        using var client = await FederationClient.ForFederationAuditorAsync(federation.Live.Processes, Deadline);
        var log = new KeyLogService.KeyLogServiceClient(client.Channel);
        return [.. (await log.ListKeyLeavesAsync(new() { PageSize = 1000 }, client.Call)).Leaves.Select(
            leaf => leaf.ToByteArray())];
    }

    private static byte[] Root(byte[][] hashes, long size)
    {
        var nodes = Nodes(hashes[..(int)size]);
        return MerkleTree.Root(0, size, node => nodes[node]);
    }

    private static Dictionary<MerkleNode, byte[]> Nodes(byte[][] hashes)
    {
        Dictionary<MerkleNode, byte[]> nodes = [];
        for (var index = 0; index < hashes.Length; index++)
        {
            foreach (var (node, hash) in MerkleTree.Complete(index, hashes[index], node => nodes[node]))
            {
                nodes[node] = hash;
            }
        }

        return nodes;
    }

    private static DateTimeOffset Now => TimeProvider.System.GetUtcNow();

    private bool IsMessage(Guid recipient, WatchMessagesResponse response) => recipient == Buyer
        && response.Message.TradeId == federation.Trade && response.Message.Disclosure is not null;

    private void Lie<TRequest, TAnswer>(string method, Guid to, Func<TRequest, TAnswer, TAnswer> lie)
        where TRequest : IMessage<TRequest>, new()
        where TAnswer : IMessage<TAnswer>, new() => Broker.Says = async (caller, called, request, ask) =>
        {
            var answer = await ask(request);
            if (caller != to || !called.EndsWith(method, StringComparison.Ordinal))
            {
                return answer;
            }

            return lie(
                new MessageParser<TRequest>(() => new()).ParseFrom(request),
                new MessageParser<TAnswer>(() => new()).ParseFrom(answer)).ToByteArray();
        };

    private async Task<Wire.Operator> DirectlyAsync(Guid member)
    {
        using var client = await FederationClient.ForAdministratorAsync(federation.Live.Processes, Deadline);
        return (await new DirectoryService.DirectoryServiceClient(client.Channel).GetOperatorAsync(
            new() { OperatorId = $"{member}" }, client.Call)).Operator;
    }

    /// <summary>A whole chain of a company, made by the broker, in which everything follows.</summary>
    private static IEnumerable<WireEntry> Chain(Guid owner)
    {
        var chain = KeyChain.Empty(owner);
        var head = PrivateKey.Create();
        var first = chain.Next(KeyAct.Publish, KeyUses.Signing, head.Public.ToJwk(), Now);
        var begun = first.ToBytes();
        chain = chain.Append(new(begun, KeyEntrySignature.Possession(head, begun), []), KeyChain.RecoveryDelay);
        var log = LogKeys.Of(LogKeys.OriginOf(owner), new byte[32]).Signer;
        var second = chain.Next(KeyAct.Publish, KeyUses.Log, OctetKey.ToJwk(log.Verifier.PublicKey), Now).ToBytes();
        chain = chain.Append(
            new(second, KeyEntrySignature.Possession(log, second), KeyEntrySignature.Continuity(head, second)),
            KeyChain.RecoveryDelay);
        var third = chain.Next(KeyAct.Publish, KeyUses.Sealing, Liars.Public.ToJwk(), Now).ToBytes();
        chain = chain.Append(
            new(third, KeyEntrySignature.Possession(Liars, third), KeyEntrySignature.Continuity(head, third)),
            KeyChain.RecoveryDelay);
        return chain.Entries.Select(KeysByHand.ToWire);
    }

    private static WireEntry Entry(Traceability.Proofs.Logs.KeyEntry entry, PrivateKey key)
    {
        var bytes = entry.ToBytes();
        return KeysByHand.ToWire(
            new(bytes, KeyEntrySignature.Possession(key, bytes), KeyEntrySignature.Continuity(key, bytes)));
    }

    private static KeyChain Read(IEnumerable<WireEntry> entries)
    {
        SignedKeyEntry[] signed =
        [
            .. entries.Select(one => new SignedKeyEntry(
                one.Entry.ToByteArray(), one.Possession.ToByteArray(), one.Continuity.ToByteArray())),
        ];
        return KeyChain.Read(
            Traceability.Proofs.Logs.KeyEntry.Parse(signed[0].Entry).OwnerId, signed, KeyChain.RecoveryDelay);
    }

    private static void Replace(Google.Protobuf.Collections.RepeatedField<WireEntry> entries, IEnumerable<WireEntry> by)
    {
        WireEntry[] others = [.. by];
        entries.Clear();
        entries.AddRange(others);
    }

    private async Task DeclareAsync() =>
        await federation.Supplier.DeclareAsync(federation.Made, $"{++federation.Kilograms}");

    private async Task ArrivesAsync() =>
        await federation.Buyer.WaitForTotalAsync(federation.Bought, $"{federation.Kilograms}", Deadline);

    /// <summary>Everything that waited is dealt with, and the broker has read nothing of it.</summary>
    private async Task GoesOnAsync()
    {
        await DeclareAsync();
        await ArrivesAsync();
        await federation.Other.WaitForTotalAsync(federation.OthersBought, $"{federation.Kilograms}", Deadline);
        Assert.NotEmpty(Broker.Sealed);
        Assert.All(Broker.Sealed, text => Assert.Throws<ProofException>(() => JsonWebEncryption.Open(
            Liars, JsonWebEncryption.Header(text)["typ"]!.GetValue<string>(), text)));
    }

    /// <summary>The supplier's node has told the broker, and has nothing more to tell.</summary>
    private async Task<bool> SentAsync(int kilograms)
    {
        Assert.Equal($"{kilograms}", (await federation.Supplier.FootprintAsync(federation.Made)).Figures.Total);
        return (await federation.Supplier.Footprints.GetSettlementAsync(new(), federation.Supplier.Call)).Settled;
    }

    private async Task<int> RefusedAsync() => (await federation.Live.RowsAsync(
        federation.Buyer, "select 'x' from traceability.mt_events where type = 'disclosure_refused'")).Count;

    private static async Task<CheckKeysResponse> CheckAsync(CompanyAtWork company) =>
        await new KeyService.KeyServiceClient(company.Channel).CheckKeysAsync(new(), company.Call);

    private static async Task<IReadOnlyList<KeyAlarm>> AlarmsAsync(CompanyAtWork company) =>
        (await CheckAsync(company)).Alarms;

    private async Task<Problem> ProblemAsync(CompanyAtWork company, Func<Problem, bool> which)
    {
        var problems = new ProblemService.ProblemServiceClient(company.Channel);
        Problem? found = null;
        await Wait.UntilAsync(
            async () =>
            {
                found = (await problems.ListProblemsAsync(new(), company.Call)).Problems.FirstOrDefault(which);
                return found is not null;
            },
            Deadline);
        return found!;
    }

    private static async Task RetryAsync(CompanyAtWork company, Problem problem)
    {
        var problems = new ProblemService.ProblemServiceClient(company.Channel);
        // All that is of the same cause is tried again.
        foreach (var one in (await problems.ListProblemsAsync(new(), company.Call)).Problems.Where(
                     one => one.Reason == problem.Reason))
        {
            await problems.RetryProblemAsync(new() { ProblemId = one.ProblemId }, company.Call);
        }
    }

    private static async Task DropAsync(CompanyAtWork company, Problem problem) =>
        await new ProblemService.ProblemServiceClient(company.Channel).DropProblemAsync(
            new() { ProblemId = problem.ProblemId }, company.Call);
}
