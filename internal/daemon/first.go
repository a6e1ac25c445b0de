package daemon

import (
	"fmt"

	"github.com/drydock-ecs/drydock/api/ec2"
	"github.com/drydock-ecs/drydock/api/handler"
	"github.com/drydock-ecs/drydock/api/iam"
	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/store"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// firstStart gives the daemon's own account and region what a first `aws ecs` expects: the default
// network, the cluster "default", its instances, and the role that these have. Once that was done it does nothing: what a
// user deleted stays deleted.
func (d *daemon) firstStart() error {
	return d.store.Update(d.scope(), func(tx *store.Tx) error {
		if _, ok := store.Regions.Get(tx, model.Region{}.Key()); ok {
			return nil
		}
		handler.Open(tx)
		store.Clusters.Put(tx, model.Cluster{Name: "default", Status: "ACTIVE", Created: tx.Now()})
		if d.info.Flat != "" { // there can be none
			return nil
		}
		if d.DefaultInstances > 0 {
			iam.MakeInstanceRole(tx)
		}
		for range d.DefaultInstances { // each by itself, so that they spread over the zones
			_, err := ec2.RunInstances(tx, &ec2.RunInstancesInput{ImageId: aws.String("ami-00000000000000000"), InstanceType: &d.DefaultType,
				MinCount: aws.Int32(1), MaxCount: aws.Int32(1), IamInstanceProfile: &ec2.ProfileSpecification{Name: aws.String(iam.InstanceRoleName)}}, ec2.Options{Hosts: d.hosts()})
			if err != nil {
				return fmt.Errorf("launch the default instances (--default-instances, --default-instance-type): %w", err)
			}
		}
		return nil
	})
}

// taskCounts counts the tasks of all scopes by last status.
func (d *daemon) taskCounts() map[string]int {
	n := map[string]int{}
	_ = d.store.View(d.scope(), func(tx *store.Tx) error {
		for _, sc := range tx.Scopes() {
			for t := range store.Tasks.All(tx.In(sc)) {
				n[t.Is.String()]++
			}
		}
		return nil
	})
	return n
}

// engineAnswers reports whether the container engine answers, as the agent has it.
func (d *daemon) engineAnswers() bool {
	p := d.parts.Load()
	if p == nil {
		return false
	}
	ok, _ := p.agent.Health()
	return ok
}
