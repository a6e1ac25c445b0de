package ecs

import (
	"context"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/store"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// listing is a request that is answered in pages, and another one that lists other rows.
type listing struct {
	in, other any
	most      int // the greatest maxResults, as the operation's page says; 0 for 100
}

// listings are all operations that take a nextToken. Of each there are seven rows on the shelf.
var listings = []listing{
	{in: &ecs.ListClustersInput{}},
	{in: &ecs.ListContainerInstancesInput{Cluster: new("demo")}, other: &ecs.ListContainerInstancesInput{Cluster: new("demo"), Status: draining}},
	{in: &ecs.ListServicesInput{Cluster: new("demo")}, other: &ecs.ListServicesInput{Cluster: new("shelf-0")}},
	{in: &ecs.ListTasksInput{Cluster: new("demo")}, other: &ecs.ListTasksInput{Cluster: new("demo"), Family: new("web")}},
	{in: &ecs.ListTasksInput{Cluster: new("demo"), DesiredStatus: types.DesiredStatusStopped}},
	{in: &ecs.ListTaskDefinitionsInput{FamilyPrefix: new("shelf-0")}, other: &ecs.ListTaskDefinitionsInput{}},
	{in: &ecs.ListTaskDefinitionsInput{FamilyPrefix: new("shelf-0"), Sort: types.SortOrderDesc}},
	{in: &ecs.ListTaskDefinitionFamiliesInput{FamilyPrefix: new("shelf")}, other: &ecs.ListTaskDefinitionFamiliesInput{}},
	{in: &ecs.ListServiceDeploymentsInput{Cluster: new("demo"), Service: new("shelf-0")},
		other: &ecs.ListServiceDeploymentsInput{Cluster: new("demo"), Service: new("shelf-0"), Status: []types.ServiceDeploymentStatus{"SUCCESSFUL"}}},
	{in: &ecs.ListAttributesInput{Cluster: new("demo"), TargetType: types.TargetTypeContainerInstance, AttributeName: new("ecs.cpu-architecture")},
		other: &ecs.ListAttributesInput{Cluster: new("demo"), TargetType: types.TargetTypeContainerInstance}},
	{in: &ecs.DescribeCapacityProvidersInput{}, other: &ecs.DescribeCapacityProvidersInput{CapacityProviders: []string{"FARGATE"}}, most: 10},
	{in: &ecs.ListAccountSettingsInput{EffectiveSettings: true}, other: &ecs.ListAccountSettingsInput{EffectiveSettings: true, Name: types.SettingNameAwsvpcTrunking, Value: new("enabled")}, most: 10},
}

const onShelf = 7

// shelf opens a world with seven rows of each kind.
func shelf(t testing.TB) *world {
	w := seed(t)
	for i := range onShelf {
		w.addInstance(1 + i)
		name := fmt.Sprint("shelf-", i)
		must(w.client.RegisterTaskDefinition(w.Context(), webDef(name)))(w)
		if i > 0 {
			must(w.client.RegisterTaskDefinition(w.Context(), webDef("shelf-0")))(w)
			must(w.client.CreateCluster(w.Context(), &ecs.CreateClusterInput{ClusterName: &name}))(w)
		}
		if i > 1 { // and Fargate's two
			must(w.client.CreateCapacityProvider(w.Context(), &ecs.CreateCapacityProviderInput{Name: &name, AutoScalingGroupProvider: group("asg-" + name)}))(w)
		}
		s := web("")
		s.ServiceName = &name
		must(w.client.CreateService(w.Context(), s))(w)
	}
	must(w.client.CreateCluster(w.Context(), &ecs.CreateClusterInput{ClusterName: new("shelf-0")}))(w)
	must(w.client.DeleteCluster(w.Context(), &ecs.DeleteClusterInput{Cluster: new("shelf-1")}))(w) // demo makes seven
	w.update(func(tx *store.Tx) {
		d, _ := store.TaskDefs.Get(tx, "web:1")
		for i := range 2 * onShelf {
			task := d.NewTask(instanceOf(100+i), model.Birth{Cluster: "demo", Group: "family:web", LaunchType: "EC2"}, func() string { return "u" }, tx.Now())
			if i%2 == 1 {
				task.End(types.TaskStopCodeUserInitiated, "enough", tx.Now())
			}
			store.Tasks.Put(tx, task)
		}
		for i := range onShelf - 1 { // and that of the service's creation
			old := model.ServiceDeployment{ID: fmt.Sprint("old-", i), Cluster: "demo", Service: "shelf-0", Status: "SUCCESSFUL", Created: tx.Now().Add(time.Duration(i/2) * time.Second)}
			store.ServiceDeployments.Put(tx, old)
		}
	})
	return w
}

// TestEveryListIsPaged keeps listings complete.
func TestEveryListIsPaged(t *testing.T) {
	paged := map[string]bool{}
	for _, l := range listings {
		paged[operationOf(l.in)] = true
	}
	for name, bind := range operations(handlers{}) {
		op := bind(nil)
		if _, takes := reflect.TypeOf(op.In()).Elem().FieldByName("NextToken"); takes && !paged[name] {
			t.Errorf("%s takes a nextToken: add it to listings", name)
		}
	}
}

// TestPages walks every list in pages of each size: all rows come exactly once, in one order, no page
// is too large, and none but the last is without a token.
func TestPages(t *testing.T) {
	w := shelf(t)
	for _, l := range listings {
		whole, next := w.page(l.in, 0, nil)
		for pages := 0; l.most > 0 && next != nil && pages < 3; pages++ { // it lists more than one page may have
			var rows []string
			rows, next = w.page(l.in, l.most, next)
			whole = append(whole, rows...)
		}
		if len(whole) < onShelf-2 || next != nil {
			t.Errorf("%s lists %d rows, next token %v", operationOf(l.in), len(whole), next)
		}
		for size := 1; size <= len(whole)+1 && (l.most == 0 || size <= l.most); size++ {
			var got []string
			pages := 0
			for token := (*string)(nil); pages == 0 || token != nil; pages++ {
				var rows []string
				if rows, token = w.page(l.in, size, token); len(rows) > size || token != nil && len(rows) < size {
					t.Errorf("%s: %d rows on a page of %d", operationOf(l.in), len(rows), size)
				}
				got = append(got, rows...)
			}
			if !slices.Equal(got, whole) || pages != max(1, (len(whole)+size-1)/size) {
				t.Errorf("%s by %d: got %v\nwant %v", operationOf(l.in), size, got, whole)
			}
		}
	}
}

// TestPagesAreBounded asks for too little and too much.
func TestPagesAreBounded(t *testing.T) {
	w := shelf(t)
	for _, l := range listings {
		most := l.most
		if most == 0 {
			most = 100
		}
		w.page(l.in, 1, nil)
		w.page(l.in, most, nil)
		for _, n := range []int{-1, 0, most + 1} {
			if _, plain := reflect.ValueOf(l.in).Elem().FieldByName("MaxResults").Interface().(int32); plain && n == 0 {
				continue // the client does not send it
			}
			_, err := w.call(withPage(l.in, n, nil))
			w.refused(operationOf(l.in), err, refusal{l.in, "InvalidParameter", fmt.Sprintf("maxResults must be between 1 and %d.", most)})
		}
	}
}

// TestTokensAreOfOneListing hands in what was not given out for this very listing.
func TestTokensAreOfOneListing(t *testing.T) {
	w := shelf(t)
	_, foreign := w.page(&ecs.ListClustersInput{}, 1, nil)
	for _, l := range listings {
		_, mine := w.page(l.in, 1, nil)
		bad := []*string{new("!"), new("eA"), new(*mine + "AAAA")}
		if operationOf(l.in) != "ListClusters" {
			bad = append(bad, foreign)
		}
		for _, token := range bad {
			_, err := w.call(withPage(l.in, 1, token))
			w.refused(operationOf(l.in)+" after "+*token, err, refusal{l.in, "InvalidParameter", "Invalid nextToken."})
		}
		if l.other != nil {
			_, err := w.call(withPage(l.other, 1, mine))
			w.refused(operationOf(l.other)+" with other filters", err, refusal{l.other, "InvalidParameter", "Invalid nextToken."})
		}
		w.page(l.in, 3, mine) // the size of the page may change
	}
}

// withPage returns a copy of a List call's input that asks for one page; 0 leaves the size out
// where the client can tell it from none.
func withPage(in any, size int, token *string) any {
	v := reflect.New(reflect.TypeOf(in).Elem())
	v.Elem().Set(reflect.ValueOf(in).Elem())
	v.Elem().FieldByName("NextToken").Set(reflect.ValueOf(token))
	switch f := v.Elem().FieldByName("MaxResults"); f.Kind() {
	case reflect.Int32:
		f.SetInt(int64(size))
	default:
		f.Set(reflect.ValueOf(aws.Int32(int32(size))))
	}
	return v.Interface()
}

// page asks for one page, of the standard size for 0, and returns its rows as they print.
func (w *world) page(in any, size int, token *string) (rows []string, next *string) {
	w.Helper()
	if size > 0 {
		in = withPage(in, size, token)
	}
	out, err := w.call(in)
	if err != nil {
		w.Fatalf("%s: %v", operationOf(in), err)
	}
	v := reflect.ValueOf(out).Elem()
	for _, field := range v.Fields() {
		if field.Kind() != reflect.Slice {
			continue
		}
		for i := range field.Len() {
			row, _ := json.Marshal(field.Index(i).Interface())
			rows = append(rows, string(row))
		}
	}
	return rows, v.FieldByName("NextToken").Interface().(*string)
}

// TestPaginatorsWalkEverything uses those that the SDK has.
func TestPaginatorsWalkEverything(t *testing.T) {
	w := shelf(t)
	two, demo := new(int32(2)), new("demo")
	for name, n := range map[string]int{
		"ListClusters": walked(w, ecs.NewListClustersPaginator(w.client, &ecs.ListClustersInput{MaxResults: two}),
			func(o *ecs.ListClustersOutput) int { return len(o.ClusterArns) }),
		"ListContainerInstances": walked(w, ecs.NewListContainerInstancesPaginator(w.client, &ecs.ListContainerInstancesInput{Cluster: demo, MaxResults: two}),
			func(o *ecs.ListContainerInstancesOutput) int { return len(o.ContainerInstanceArns) }),
		"ListServices": walked(w, ecs.NewListServicesPaginator(w.client, &ecs.ListServicesInput{Cluster: demo, MaxResults: two}),
			func(o *ecs.ListServicesOutput) int { return len(o.ServiceArns) }),
		"ListTasks": walked(w, ecs.NewListTasksPaginator(w.client, &ecs.ListTasksInput{Cluster: demo, MaxResults: two}),
			func(o *ecs.ListTasksOutput) int { return len(o.TaskArns) }),
		"ListTaskDefinitions": walked(w, ecs.NewListTaskDefinitionsPaginator(w.client, &ecs.ListTaskDefinitionsInput{FamilyPrefix: new("shelf-0"), MaxResults: two}),
			func(o *ecs.ListTaskDefinitionsOutput) int { return len(o.TaskDefinitionArns) }),
		"ListTaskDefinitionFamilies": walked(w, ecs.NewListTaskDefinitionFamiliesPaginator(w.client, &ecs.ListTaskDefinitionFamiliesInput{FamilyPrefix: new("shelf"), MaxResults: two}),
			func(o *ecs.ListTaskDefinitionFamiliesOutput) int { return len(o.Families) }),
		"ListAttributes": walked(w, ecs.NewListAttributesPaginator(w.client, &ecs.ListAttributesInput{Cluster: demo, TargetType: types.TargetTypeContainerInstance,
			AttributeName: new("ecs.cpu-architecture"), MaxResults: two}), func(o *ecs.ListAttributesOutput) int { return len(o.Attributes) }),
	} {
		if n != onShelf {
			t.Errorf("%s: the paginator found %d rows, want %d", name, n, onShelf)
		}
	}
}

// walked counts what a paginator finds.
func walked[Out any](w *world, p interface {
	HasMorePages() bool
	NextPage(ctx context.Context, opts ...func(*ecs.Options)) (Out, error)
}, rows func(Out) int) (n int) {
	for p.HasMorePages() {
		n += rows(must(p.NextPage(w.Context()))(w))
	}
	return n
}
